"""Failures of the machine, which a treatment is not to blame for."""

from __future__ import annotations

import sys

__all__ = ["is_of_machine", "lacks_memory"]

# What libraries say in errors of no kind of their own: torch on a CPU, BLAS on a GPU, LightGBM.
_NO_MEMORY = ("DefaultCPUAllocator", "CUBLAS_STATUS_ALLOC_FAILED", "std::bad_alloc")


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error says that there is no memory left, of the machine or of a GPU."""
    of_torch = getattr(sys.modules.get("torch"), "OutOfMemoryError", MemoryError)
    return isinstance(error, (MemoryError, of_torch)) or any(
        words in str(error) for words in _NO_MEMORY
    )


def is_of_machine(error: BaseException) -> bool:
    """Tell whether the same may go well on another day: no memory, or what the system refused."""
    # Libraries raise an OSError without a number for files that they cannot read.
    refused = isinstance(error, OSError) and error.errno is not None
    return refused or lacks_memory(error)
