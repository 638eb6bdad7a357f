"""Where a treatment helps: on what is rare, or on the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from equipoise.compare.judging import Judge
from equipoise.compare.verdict import Ranked
from equipoise.stats.multiple import holm
from equipoise.stats.paired import paired_difference

__all__ = ["test_sides"]


def test_sides(judge: Judge, ranked: list[Ranked]) -> dict[str, Any] | None:
    """Test every candidate against the untreated one on each side of the data apart.

    The sides are thirds of the labels by support, or the top 5 % of a numeric target and the rest. All
    differences are corrected together by Holm's method.

    Returns
    -------
    dict or None
        ``measure``, ``names`` with what each side is, and ``rows``; None where a task has none.
    """
    if not judge.sides:
        return None
    by_id = {one.candidate.id: one.candidate for one in ranked}
    rows: list[dict[str, Any]] = []
    differences = []
    for one in ranked:
        # At equal decisions where there is such a baseline: then what differs is the training.
        decided = f"{one.baseline.rpartition('/')[0]}/{one.candidate.decision.name}"
        base = by_id.get(one.baseline if decided == one.candidate.id else decided)
        base = base or by_id.get(one.baseline)
        for side in judge.sides:
            value = one.candidate.sides[side.name]
            row: dict[str, Any] = {
                "id": one.candidate.id,
                "side": side.name,
                "mean": value.value,
                "to": None,
                "difference": None,
            }
            rows.append(row)
            if base is None or base is one.candidate:
                continue
            other = base.sides[side.name]
            difference = paired_difference(
                value.folds,
                other.folds,
                boot_a=value.draws,
                boot_b=other.draws,
                estimate=value.value - other.value,
                **judge.design,
            )
            row["to"] = base.id
            differences.append((row, difference))
    corrected = holm(np.array([difference.p for _, difference in differences]))
    for (row, difference), p in zip(differences, corrected, strict=True):
        found = replace(difference, p_corrected=float(p))
        row["difference"] = {
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
            "p": found.p,
            "p_corrected": found.p_corrected,
        }
    metric = judge.side_metric
    assert metric is not None
    return {
        "measure": {
            "name": metric.name,
            "title": metric.title,
            "direction": metric.direction,
        },
        "names": [{"name": side.name, "about": side.about} for side in judge.sides],
        "rows": rows,
    }
