"""What the shell offers after an option: names that exist."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["learners", "metrics", "strategies"]


def strategies(incomplete: str) -> list[tuple[str, str]]:
    """Offer the strategies that fit what is typed, after commas too."""
    from equipoise.strategies import CATALOGUE

    known = {name: one.title for name, one in CATALOGUE.items()}
    return list(_fitting({**known, "default": "what is quick enough", "all": "all"}, incomplete))


def learners(incomplete: str) -> list[tuple[str, str]]:
    """Offer the learners that fit what is typed, after commas too."""
    from equipoise.learners.choice import LEARNERS

    names = [*LEARNERS, "ensemble", "auto"]
    return list(_fitting(dict.fromkeys(names, ""), incomplete))


def metrics(incomplete: str) -> list[tuple[str, str]]:
    """Offer the metrics that fit what is typed."""
    from equipoise.metrics.registry import metric_names

    tasks = ("binary", "multiclass", "multilabel", "regression")
    names = dict.fromkeys((name for task in tasks for name in metric_names(task)), "")
    return list(_fitting(names, incomplete))


def _fitting(known: dict[str, str], incomplete: str) -> Iterator[tuple[str, str]]:
    before, comma, last = incomplete.rpartition(",")
    for name, title in known.items():
        if name.startswith(last):
            yield f"{before}{comma}{name}", title
