"""Whether the probabilities of an arm can be taken at their word, as they come and with what was moved taken back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, logit
from sms_verdicts import Bench

from equipoise.decisions import correct_focal
from equipoise.diagnose.after.calibration import calibration_line
from equipoise.stats import Difference

F = NDArray[np.float64]
Back = Callable[[F], F] | None


def taken_back(
    offsets: Mapping[str, float | None], focal: Mapping[str, tuple[float, float]]
) -> dict[str, Back]:
    """Return for each arm what takes from log-odds of spam what its loss or sampling moved, or None.

    `offsets` are in log-odds, `focal` holds gamma and alpha of the arms with a focal loss.
    """
    back: dict[str, Back] = {}
    for arm, offset in offsets.items():
        back[arm] = None
        if arm in focal:
            back[arm] = lambda z, by=focal[arm]: unfocused(z, *by)
        elif offset is not None and abs(offset) > 1e-9:
            back[arm] = lambda z, by=offset: z - by
    return back


def unfocused(z: F, gamma: float, alpha: float) -> F:
    """Return the log-odds of spam that a focal loss with gamma and alpha turned into z.

    First gamma is undone, then alpha, which weighs spam by alpha and ham by 1 - alpha.
    """
    log_p = correct_focal(log_expit(np.stack([-z, z], axis=-1)), gamma)
    back: F = log_p[:, 1] - log_p[:, 0] - math.log(alpha / (1 - alpha))
    return back


def bias(bench: Bench, z: F, level: float = 0.95) -> Difference:
    """Test the mean probability less the share of spam against 0; z has the shape (S, n)."""
    gap = expit(z) - bench.y
    drawn = bench.draws @ gap.mean(axis=0) / bench.draws.sum(axis=1)
    return bench.test(gap.mean(axis=1), drawn, level)


def slope(bench: Bench, z: F, level: float = 0.95) -> Difference:
    """Test the slope of the true log-odds on z against 1; copies of a message count as messages of their own."""
    lines = [calibration_line(one, bench.y == 1)[:2] for one in z]
    points = np.array([line[1] for line, _ in lines])
    return bench.test_by(points - 1, float(np.mean([error[1] ** 2 for _, error in lines])), level)


TABLES = (
    ("bias", bias, 0.0, "mean probability of spam less its share", ("too low", "too high")),
    ("slope", slope, 1.0, "slope of the true log-odds on those said", ("too extreme", "too timid")),
)


def print_calibration(
    bench: Bench, p: Mapping[str, F], back: Mapping[str, Back], titles: Mapping[str, str]
) -> dict[str, Any]:
    """Print bias and slope of the probabilities p, of shape (S, n) for each arm."""
    level = 1 - 0.05 / len(p)
    z = {arm: logit(np.clip(one, 1e-15, 1 - 1e-15)) for arm, one in p.items()}
    out: dict[str, Any] = {arm: {} for arm in p}
    for name, measure, ideal, title, words in TABLES:
        print(f"\nCalibration: {title}; {ideal:g} is right")
        print(f"{'':28}{'as it comes':34}with what the loss or the sampling moved taken back")
        for arm, raw in z.items():
            undo = back[arm]
            shown = {"raw": raw}
            if undo is not None:
                shown["corrected"] = np.stack([undo(one) for one in raw])
            cells = []
            for kind, scores in shown.items():
                gap = measure(bench, scores, level)
                value, low, high = (part + ideal for part in (gap.mean, gap.low, gap.high))
                cell = f"{value:.3f}"
                if math.isfinite(low):
                    word = words[0] if gap.high < 0 else words[1] if gap.low > 0 else ""
                    cell += f" ({low:.3f} to {high:.3f}) {word}"
                cells.append(f"{cell:34}")
                interval = [low, high] if math.isfinite(low) else None
                out[arm].setdefault(kind, {})[name] = {"value": value, "interval": interval}
            print(f"{titles[arm]:28}{''.join(cells)}".rstrip())
    print(
        "Intervals are meant to hold together at 95 %, in each table and column. Too extreme: probabilities are nearer\n"
        "to 0 and 1 than they should be, which is overconfidence; too timid is the reverse."
    )
    return out
