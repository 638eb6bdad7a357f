"""Keep what libraries warn of while many threads train."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back warnings, and leave the caller's filters as they were.

    Threads share the list of filters. One that sets its own and puts the old ones back, as scikit-learn
    does for each tree, may put back those of another thread. So the filters and the printing are set
    aside for all of them together. Whoever asked to see everything, by ``warnings.simplefilter("always")``,
    still does.
    """
    asked = warnings.filters[0] if warnings.filters else None
    if asked is not None and asked[0] == "always" and asked[2] is Warning and asked[1] is None:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.showwarning = lambda *args, **kwargs: None
        yield
