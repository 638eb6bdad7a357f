"""The result of a trial as text."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.results.comparison import Comparison


def made(recommended: str, n: int) -> Comparison:
    def entry(i: int) -> dict[str, Any]:
        metrics = {"f1": {"mean": 0.9 - i / 100}}
        return {"id": f"c{i:02}", "applicable": True, "tied_with_best": i < 3, "metrics": metrics}

    verdict = {"recommended": recommended, "headline": "Use it.", "reason": "It is simple."}
    summary = {"metric": {"name": "f1"}, "strategies": [*map(entry, range(n))], "verdict": verdict}
    return Comparison(summary)


@pytest.mark.parametrize(
    ("recommended", "n", "last"),
    [("c01", 3, "= c02  0.880"), ("c12", 13, "  ... and 2 more"), ("c10", 11, "> c10  0.800")],
)
def test_the_recommended_one_is_marked_wherever_it_stands(
    recommended: str, n: int, last: str
) -> None:
    lines = repr(made(recommended, n)).splitlines()
    assert [line for line in lines if line.startswith("> ")] == [
        f"> {recommended}  {0.9 - int(recommended[1:]) / 100:.3f}"
    ]
    assert lines[2].startswith("= c00")
    end = lines.index("f1; > recommended, = cannot be told apart from the best")
    assert lines[end - 2] == last
