"""Each synthetic summary is rendered once for all tests: its charts take a second to draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from equipoise.report import render_html

from .pages import Page
from .synthetic_summaries import ALL

Render = Callable[[str], Page]


@cache
def _rendered(name: str) -> Page:
    summary = ALL[name]()
    return Page(summary, render_html(summary))


@pytest.fixture(scope="session")
def render() -> Render:
    """Return the page of a synthetic summary by its name."""
    return _rendered
