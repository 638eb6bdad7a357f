"""A missing package is told with the pip line that brings it."""

from __future__ import annotations

import pytest

from equipoise.errors import MissingExtra
from equipoise.extras import load_extra


def test_missing_package_names_its_pip_line() -> None:
    with pytest.raises(MissingExtra) as caught:
        load_extra("no_such_package.inner", "torch", "the learner mlp")
    assert str(caught.value) == (
        "the learner mlp needs the package no_such_package.inner, which is not installed; "
        "run: pip install 'equipoise[torch]'"
    )
    assert isinstance(caught.value, ImportError)
