"""What a run measured of the treatments that findings advise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from equipoise.diagnose.finding import Finding
from equipoise.errors import DataError

__all__ = ["measured_by", "read_run"]

_NAMED = re.compile(r"--strategies[ =]([\w.,:=-]+)")


def read_run(run: str | Path, classes: Sequence[str]) -> dict[str, Any]:
    """Return the summary of a finished run on data with these classes.

    Raises
    ------
    DataError
        If there is none, or it is about other classes.
    """
    from equipoise.results.comparison import Comparison

    summary = Comparison.read(run).summary
    known = [str(one["label"]) for one in summary.get("classes", [])]
    if sorted(known) != sorted(classes):
        raise DataError(
            f"the run {str(run)!r} has the classes {', '.join(known[:5]) or 'none'}, and these data "
            f"{', '.join(classes[:5]) or 'none'}",
            remedy="give the run of `equipoise compare` on these data, or leave --run out",
        )
    return summary


def measured_by(findings: Sequence[Finding], run: dict[str, Any], where: str) -> list[Finding]:
    """Put what a run measured in place of what findings expect.

    A finding whose action names strategies, ``--strategies a,b``, gets the best of them in the run:
    its difference to the untreated candidate of the same learner, with interval and corrected p.
    """
    return [_measured(finding, run, where) for finding in findings]


def _measured(finding: Finding, run: dict[str, Any], where: str) -> Finding:
    named = _NAMED.search(finding.action)
    if named is None:
        return finding
    wanted = [name for name in named[1].split(",") if name != "untreated"]
    # The leaderboard has the best first.
    tried = [one for one in run["strategies"] if one["applicable"] and one["name"] in wanted]
    best = next((one for one in tried if one["difference"]), None)
    if best is None:
        return finding
    difference = best["difference"]
    return replace(
        finding,
        measured={
            "strategy": best["id"],
            "metric": run["metric"]["name"],
            "difference": {
                "value": difference["mean"],
                "low": difference["low"],
                "high": difference["high"],
            },
            "p_corrected": difference["p_corrected"],
            "run": where,
        },
    )
