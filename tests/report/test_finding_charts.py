"""Pictures of a diagnosis: drawn from its summary alone, bounded, named, and readable without colour."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from equipoise.data.dataset import load_dataset
from equipoise.diagnose.after.boundary import PushedBoundary
from equipoise.diagnose.after.calibration import Miscalibrated
from equipoise.diagnose.after.confusion import Lopsided
from equipoise.diagnose.before.overlap import Overlap
from equipoise.diagnose.subject import After, Before
from equipoise.errors import UsageError
from equipoise.report.charts.findings import KINDS, kinds_of, spec_of
from equipoise.report.svg import to_svg

from .pages import parse


def summary(names: tuple[str, ...] = ("common", "rare <b>é</b>"), n: int = 1500) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 0.15).astype(np.int64) * (len(names) - 1)
    X = rng.normal(size=(n, 3))
    X[:, 0] += 2.0 * (y > 0)
    before = Before(
        load_dataset({**{f"x{j}": X[:, j] for j in range(3)}, "y": [names[c] for c in y]}, "y")
    )
    p = np.full((n, len(names)), 0.05)
    p[np.arange(n), np.where(X[:, 0] > 1.7, len(names) - 1, 0)] = 1 - 0.05 * (len(names) - 1)
    task = "binary" if len(names) == 2 else "multiclass"
    after = After(y, np.log(p), p.argmax(axis=1), list(names), task, features=X)
    found = [Overlap().examine(before)]
    found += [check().examine(after) for check in (PushedBoundary, Lopsided, Miscalibrated)]
    counts = np.bincount(y, minlength=len(names)).tolist()
    return {
        "task": task,
        "rows": n,
        "classes": [{"label": a, "count": c} for a, c in zip(names, counts, strict=True)],
        "findings": [one.to_dict() for one in found],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_a_chart_with_words(kind: str) -> None:
    import altair

    about = json.loads(json.dumps(summary(), allow_nan=False))
    spec = altair.Chart.from_dict(spec_of(about, kind)).to_dict()
    assert spec["title"]["text"]
    assert spec["description"].endswith(".")
    assert "None" not in spec["description"]
    drawing = parse(str(to_svg(spec_of(about, kind), "key")))
    assert not drawing.all("image", "script", "b")
    assert drawing.all("text")


def test_pictures_are_offered_where_there_are_numbers() -> None:
    about = summary()
    assert kinds_of(about) == list(KINDS)
    about["findings"] = []
    assert kinds_of(about) == ["classes"]
    for kind in KINDS:
        assert spec_of(about, kind)["title"]
    with pytest.raises(UsageError, match="nothing to draw"):
        spec_of({"classes": [], "findings": []})
    with pytest.raises(UsageError) as caught:
        spec_of(about, "reliabilty")
    assert "'reliability'" in str(caught.value.remedy)


def test_pictures_are_bounded_and_the_plane_shows_where_rare_is_called() -> None:
    about = summary(n=4000)
    plane = next(one for one in about["findings"] if one["code"] == "EQ202")["evidence"]["plane"]
    assert len(plane["points"]) + len(plane["cells"]) <= 1000
    cells = {(i, j): share for i, j, share, _ in plane["cells"]}
    right = np.mean([share for (i, _), share in cells.items() if i >= 14])
    left = np.mean([share for (i, _), share in cells.items() if i < 6])
    assert right > 0.8 > 0.2 > left  # across is the direction that parts the classes
    assert len(json.dumps(about)) < 60_000


def test_classes_of_many_sizes_are_all_seen() -> None:
    classes = [{"label": f"class {k}", "count": 10**k} for k in range(6)]
    classes += [{"label": "", "count": 0}, {"label": "class 0", "count": 7}]
    spec = spec_of({"classes": classes, "findings": [], "rows": 111_118}, "classes")
    rows = spec["data"]["values"]
    assert [row["said"] for row in rows][:2] == ["100,000", "10,000"]
    assert len({row["label"] for row in rows}) == 8
    assert all(row["count"] > 0 for row in rows)  # a logarithmic axis has no place for 0
    many = [{"label": str(k), "count": k + 1} for k in range(200)]
    shown = spec_of({"classes": many, "findings": []}, "classes")
    assert len(shown["data"]["values"]) == 30
    assert "of 200" in shown["description"]


def test_many_classes_and_equal_names() -> None:
    about = summary(tuple(f"topic number {k}" for k in range(9)), n=600)
    for kind in kinds_of(about):
        assert parse(str(to_svg(spec_of(about, kind), "key"))).all("text")
