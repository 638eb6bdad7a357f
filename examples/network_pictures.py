"""The pictures of tabular_network.py: what each treatment does to the rows, and to the boundary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
from pictures import BLUE, OCHRE, PURPLE, confusion_panel, save
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from equipoise.metrics import confusion

CELLS = 90
SHOWN = 500
WIDTH, HEIGHT = 270, 200


def draw_points(
    x: np.ndarray,
    y: np.ndarray,
    treatments: list[Any],
    classes: list[str],
    out: Path,
    train: Any,
    log_p: Any,
    steps: int,
) -> list[Path]:
    """Draw training rows in two components, as each treatment leaves them, and the regions learned there.

    The networks of these pictures see the two components only: a boundary in more of them has no picture.
    """
    plane = PCA(2, random_state=0).fit_transform(StandardScaler().fit_transform(x))
    plane /= plane.std(axis=0)
    low, high = np.quantile(plane, [0.01, 0.99], axis=0)
    rare_low, rare_high = np.quantile(plane[y == 1], [0.02, 0.98], axis=0)
    low, high = np.minimum(low, rare_low) - 0.3, np.maximum(high, rare_high) + 0.3
    regions, rows = [], []
    for treatment in treatments:
        points, labels, sampler = treatment.resample(plane, y)
        model = train(points, labels, treatment.loss(labels), steps, seed=0)
        dots = _dots(points, labels, sampler, len(y), classes, low, high)
        counts = np.bincount(labels, minlength=2)
        title = f"{treatment.name}: {counts[0]:,} + {counts[1]:,} rows"
        regions.append(_panel(dots, classes, title, low, high, _runs(model, log_p, low, high)))
        if sampler is not None or (treatment.sampler is None and len(rows) == 0):
            rows.append(_panel(dots, classes, title, low, high, None))
    note = (
        "Training rows in the first two principal components, and where a network trained on these two says "
        f"{classes[1]} (shaded ochre) at argmax.\nPanels name the {classes[0]} + {classes[1]} rows trained on; at most "
        f"{SHOWN} of each kind are drawn, and none beyond the frame."
    )
    written = save(
        alt.concat(*regions, columns=3, spacing=18),
        out, "regions", "Decision regions before and after treatment", note,
    )  # fmt: skip
    note = "The same rows without the regions. Made rows are those that no row of the data equals; a row that is repeated is drawn once."
    return written + save(
        alt.concat(*rows, columns=3, spacing=18),
        out,
        "resampled",
        "The rows after resampling",
        note,
    )


def draw_confusions(
    y: np.ndarray, trials: dict[str, Any], classes: list[str], out: Path
) -> list[Path]:
    written = []
    for how, words in (("argmax", "at argmax"), ("tuned", "threshold tuned for F1 on inner rows")):
        panels = [
            confusion_panel(confusion(y, getattr(trial, how), 2), classes, name)
            for name, trial in trials.items()
        ]
        written += save(
            alt.concat(*panels, columns=3, spacing=26), out, f"confusion_{how}", f"Confusion matrices, {words}",
            "Every row judged once, by a network that was not trained on it. Shares are of the true class.",
        )  # fmt: skip
    return written


def _dots(
    points: np.ndarray,
    labels: np.ndarray,
    sampler: Any,
    rows: int,
    classes: list[str],
    low: np.ndarray,
    high: np.ndarray,
) -> list[dict[str, Any]]:
    # Where each row comes from, -1 where it was made.
    source = np.arange(len(labels)) if sampler is None else np.asarray(sampler.sample_indices_)
    kinds = np.where(source < 0, 2, labels)
    names = _kinds(classes)
    turn = np.random.default_rng(0).permutation(rows)
    out = []
    # The rare rows on top of the common ones, and of those made from them.
    for kind in (0, 2, 1):
        picks = np.flatnonzero((kinds == kind) & ((points >= low) & (points <= high)).all(axis=1))
        if kind == 2:
            picks = np.random.default_rng(0).permutation(picks)
        else:  # each row once, and of the many the same few in every panel
            picks = picks[np.unique(turn[source[picks]], return_index=True)[1]]
        for i in picks[:SHOWN]:
            a, b = points[i].round(3).tolist()
            out.append({"a": a, "b": b, "kind": names[kind]})
    return out


def _kinds(classes: list[str]) -> list[str]:
    return [f"{classes[0]} row", f"{classes[1]} row", f"made {classes[1]} row"]


def _runs(model: Any, log_p: Any, low: np.ndarray, high: np.ndarray) -> list[dict[str, float]]:
    """Return the cells that the model calls rare, those side by side in one piece."""
    step = (high - low) / CELLS
    across, up = (low[k] + step[k] * (np.arange(CELLS) + 0.5) for k in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    rare = log_p(model, grid).argmax(axis=1).reshape(CELLS, CELLS)
    out = []
    for j, line in enumerate(rare):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line, [0]])))
        for left, right in edges.reshape(-1, 2):
            out.append(
                {
                    "a": float(low[0] + step[0] * left),
                    "a2": float(low[0] + step[0] * right),
                    "b": float(low[1] + step[1] * j),
                    "b2": float(low[1] + step[1] * (j + 1)),
                }
            )
    return out


def _panel(
    dots: list[dict[str, Any]],
    classes: list[str],
    title: str,
    low: np.ndarray,
    high: np.ndarray,
    runs: list[dict[str, float]] | None,
) -> Any:
    names = _kinds(classes)

    def scale(k: int) -> alt.Scale:
        return alt.Scale(domain=[float(low[k]), float(high[k])], nice=False, zero=False)

    axis = alt.Axis(labels=False, ticks=False, grid=False)
    layers = []
    if runs is not None:
        shade = alt.Chart(alt.Data(values=runs)).mark_rect(color=OCHRE, opacity=0.2, strokeWidth=0)
        layers.append(
            shade.encode(
                x=alt.X("a:Q", scale=scale(0)), x2="a2:Q", y=alt.Y("b:Q", scale=scale(1)), y2="b2:Q"
            )
        )  # fmt: skip
    legend = alt.Legend(symbolSize=80)
    points = alt.Chart(alt.Data(values=dots)).mark_point(filled=True, opacity=0.8)
    layers.append(
        points.encode(
            x=alt.X("a:Q", title="component 1", scale=scale(0), axis=axis),
            y=alt.Y("b:Q", title="component 2", scale=scale(1), axis=axis),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=names, range=[BLUE, OCHRE, PURPLE]),
                legend=legend,
            ),
            shape=alt.Shape(
                "kind:N",
                scale=alt.Scale(domain=names, range=["circle", "diamond", "triangle-up"]),
                legend=legend,
            ),
            size=alt.Size("kind:N", scale=alt.Scale(domain=names, range=[8, 30, 12]), legend=None),
        )
    )
    return alt.layer(*layers).properties(title=title, width=WIDTH, height=HEIGHT)
