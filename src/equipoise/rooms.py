"""Packages that can be called: ``equipoise.compare(...)`` although ``equipoise.compare`` is a package."""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any, cast

__all__ = ["make_callable"]


class _CallablePackage(ModuleType):
    """A package that stands in for the function in it that carries its name.

    The import system sets ``equipoise.compare`` to the package as soon as anything inside it is
    imported, so a function kept under the same name would come and go with the order of imports.
    """

    _callable_at: str  # "package.module:function", imported by the first call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _function(self)(*args, **kwargs)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        # `help` takes this for the description of the package, below the first line.
        summary, _, rest = (inspect.getdoc(_function(self)) or "").partition("\n")
        return f"{summary}\n\n{self.__name__}{self.__signature__}\n{rest}"

    @property
    def __signature__(self) -> inspect.Signature:
        # So that help, completion and `inspect.signature` show the function's own parameters.
        return inspect.signature(_function(self))


def _function(package: _CallablePackage) -> Any:
    module, _, name = package._callable_at.partition(":")
    return getattr(import_module(module), name)


def make_callable(package: str, function: str) -> None:
    """Let the package named ``package`` be called as ``function``, ``"module:name"``.

    Called by the package's own ``__init__`` with ``__name__``. The function is looked up at the
    first call, which keeps the import of the package cheap.

    Parameters
    ----------
    package : str
        Full name of a package that is being imported.
    function : str
        Where the function is, such as ``"equipoise.jobs.comparing:compare"``.

    Examples
    --------
    >>> import sys, types
    >>> from equipoise.rooms import make_callable
    >>> sys.modules["shout"] = types.ModuleType("shout")
    >>> make_callable("shout", "builtins:print")
    >>> sys.modules.pop("shout")("hello")
    hello
    """
    module = sys.modules[package]
    module.__class__ = _CallablePackage
    cast("_CallablePackage", module)._callable_at = function
