"""One tree of exceptions: each says what is wrong, carries a code, and names the remedy."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ColumnNotFound",
    "DataError",
    "EquipoiseError",
    "MissingExtra",
    "ModelError",
    "NotApplicable",
    "RunConflict",
    "StorageError",
    "TargetError",
    "UsageError",
]


class EquipoiseError(Exception):
    """Base of every error that Equipoise raises on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, with the value, the column, the class and its count.
    remedy : str
        What to do or type instead.

    Attributes
    ----------
    code : str
        Stable identifier of the kind of error, for programs.
    exit_code : int
        Exit status of the command line: 1 failed, 2 wrong usage.

    Examples
    --------
    >>> from equipoise.errors import DataError
    >>> str(DataError("the file 'a.csv' is empty", remedy="give a file with a header and rows"))
    "the file 'a.csv' is empty; give a file with a header and rows"
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, which worker processes rely on.
        return _rebuild, (type(self), self.problem, self.remedy)


def _rebuild(kind: type[EquipoiseError], problem: str, remedy: str) -> EquipoiseError:
    return kind(problem, remedy=remedy)


class UsageError(EquipoiseError, ValueError):
    """An argument has a value that cannot be used."""

    code = "usage"
    exit_code = 2


class ColumnNotFound(UsageError):
    """A named column is not in the data."""

    code = "column-not-found"


class DataError(EquipoiseError, ValueError):
    """The data cannot be read or used as they are."""

    code = "data"


class TargetError(DataError):
    """The target column cannot be learned as it is."""

    code = "target"


class MissingExtra(EquipoiseError, ImportError):
    """An optional package is not installed."""

    code = "missing-extra"


class NotApplicable(EquipoiseError, ValueError):
    """A strategy does not fit this task, learner or data."""

    code = "not-applicable"


class StorageError(EquipoiseError, OSError):
    """A file or folder cannot be written or read: full disk, no permission."""

    code = "storage"


class RunConflict(UsageError):
    """A run folder holds another trial than the one asked for."""

    code = "run-conflict"


class ModelError(EquipoiseError, ValueError):
    """A saved model cannot be loaded or does not fit the data."""

    code = "model"
