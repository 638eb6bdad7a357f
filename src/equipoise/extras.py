"""Optional packages, and the pip line that brings a missing one."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from equipoise.errors import MissingExtra

__all__ = ["load_extra", "require"]


def load_extra(package: str, extra: str, wanted_by: str) -> ModuleType:
    """Import an optional package.

    Parameters
    ----------
    package : str
        Name of the module, such as ``"torch"``.
    extra : {"torch", "hf", "text", "tune", "diagnose"}
        The extra of the project that brings it.
    wanted_by : str
        What needs it, in the words of whoever asked, such as ``"the learner mlp"``.

    Raises
    ------
    MissingExtra
        If it is not installed; the remedy is the pip line.

    Examples
    --------
    >>> from equipoise.extras import load_extra
    >>> load_extra("json", "torch", "this example").__name__
    'json'
    """
    require(package, extra, wanted_by)
    return import_module(package)


def require(package: str, extra: str, wanted_by: str) -> None:
    """Look whether an optional package is installed, without importing it.

    Parameters
    ----------
    package, extra, wanted_by
        As for :func:`load_extra`.

    Raises
    ------
    MissingExtra
        If it is not.
    """
    if find_spec(package.partition(".")[0]) is None:
        raise MissingExtra(
            f"{wanted_by} needs the package {package}, which is not installed",
            remedy=f"run: pip install 'equipoise[{extra}]'",
        )
