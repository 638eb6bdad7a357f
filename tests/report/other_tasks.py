"""Summaries of labels and of numbers, as the engine writes them, made up from the summary of classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .simulation import make

_CLASSES_ALONE = ("confusion", "curves")


def _measure(name: str, title: str, direction: str, needs: str) -> dict[str, str]:
    return {
        "name": name,
        "title": title,
        "direction": direction,
        "needs": needs,
        "description": f"{title} of the rows.",
    }


def _sides(out: dict[str, Any], measure: dict[str, str], names: list[str], gain: float) -> None:
    rows = []
    for one in out["strategies"]:
        if not one["applicable"]:
            continue
        for at, name in enumerate(names):
            row: dict[str, Any] = {"id": one["id"], "side": name, "mean": 0.4 + 0.1 * at}
            if one["difference"] is not None:
                shown = at == 0
                ends = (gain / 2, 2 * gain) if shown else (-gain, gain)
                row["difference"] = {
                    "mean": gain if shown else -gain / 9,
                    "low": min(ends),
                    "high": max(ends),
                    "p": 0.001 if shown else 0.5,
                    "p_corrected": 0.004 if shown else 1.0,
                }
            rows.append(row)
    out["sides"] = {
        "measure": measure,
        "names": [{"name": name, "about": f"part {at} <of> it"} for at, name in enumerate(names)],
        "rows": rows,
    }


def labels(names: list[str] | None = None, pairs: bool = True) -> dict[str, Any]:
    """28 labels, of which some rows have several."""
    names = names or [f"feeling {c}" for c in range(28)]
    counts = [max(3, round(2000 / (1 + c) ** 1.4)) for c in range(len(names))]
    out = make(names, counts, task="multilabel", metric_name="f1_macro", learners=("linear",))
    rows = 3000
    out["data"]["rows"] = rows
    for one in out["classes"]:
        one["share"] = one["count"] / rows
    out["labels"] = {
        "cardinality": sum(counts) / rows,
        "density": 0.05,
        "distinct_sets": 210,
        "unlabelled": 12,
        "mean_ir": 35.2,
        "scumble": 0.021,
    }
    if pairs:
        met = np.minimum.outer(counts, counts) // 5
        np.fill_diagonal(met, counts)
        out["labels"]["cooccurrence"] = met.tolist()
    for detail in out["details"].values():
        for key in _CLASSES_ALONE:
            detail.pop(key)
        detail["confusion"] = [[[9, 1], [2, 3]]] * len(names)
        detail["beta"] = 0.5
        for row in detail["per_class"]:
            row["fbeta"] = dict(row["f1"])
    _sides(
        out,
        _measure("fbeta:0.5", "Macro F0.5", "maximize", "labels"),
        ["rare labels", "middle labels", "common labels"],
        0.08,
    )
    return out


def hostile_labels() -> dict[str, Any]:
    from .synthetic_summaries import HOSTILE

    out = labels(list(HOSTILE))
    out["sides"]["names"][0]["about"] = "<script>alert(1)</script>"
    return out


def bare_labels() -> dict[str, Any]:
    """Nothing beyond what every summary has."""
    out = labels(["a", "b", "c"], pairs=False)
    del out["sides"], out["labels"]
    return out


def numbers(scale: float = 1000.0, recommend: str = "other") -> dict[str, Any]:
    """A skewed number; the errors are in its units."""
    out = make(
        ["x", "y"], [900, 100], task="regression", learners=("linear",), metric_name="log_loss"
    )
    rng = np.random.default_rng(1)
    y = np.sort(rng.lognormal(0, 1, 1000)) * scale
    out.update(classes=[], positive=None)
    out["data"].update(ratio=None, target="cost of <care>", leaks=[])
    out["metric"] = out["label_metric"] = _measure("rmse", "RMSE", "minimize", "numbers")
    for one in out["strategies"]:
        one["decision"] = one["decision"] and "prediction"
        one["id"] = one["id"].rpartition("/")[0] + "/prediction" if one["applicable"] else one["id"]
    seen: set[str] = set()
    out["strategies"] = [s for s in out["strategies"] if not (s["id"] in seen or seen.add(s["id"]))]
    for at, one in enumerate(out["strategies"]):
        if not one["applicable"]:
            continue
        value = {"mean": scale * (5 + at), "low": scale * (4 + at), "high": scale * (6 + at)}
        share = {"mean": 0.91, "low": 0.90, "high": 0.93}
        one["metrics"] = {
            "rmse": value,
            "mae": value,
            "bias": value,
            "coverage": share,
            "r2": share,
        }
        if one["difference"]:
            one["difference"].update(mean=scale * at / 10, low=-scale, high=scale)
    base = "linear/untreated/prediction"
    other = next(s["id"] for s in out["strategies"] if s["id"] != base)
    out["baseline"] = base
    out["verdict"].update(
        recommended={"other": other, "baseline": base}[recommend],
        best=other,
        tied=[other, base],
        score={"metric": "rmse", "mean": 5 * scale, "low": 4 * scale, "high": 6 * scale},
    )
    levels = [0.01, 0.05, 0.25, 0.5, 0.9, 0.95, 0.99]
    tenths = np.array_split(y, 10)
    out["details"] = {
        name: {
            "deciles": {
                "rows": [len(t) for t in tenths],
                "low": [float(t[0]) for t in tenths],
                "high": [float(t[-1]) for t in tenths],
                "mae": [float(t.mean() / 4) for t in tenths],
                "rmse": [float(t.mean() / 3) for t in tenths],
                "bias": [float(-t.mean() / 5) for t in tenths],
            },
            "quantiles": {
                "level": levels,
                "true": np.quantile(y, levels).tolist(),
                "predicted": (0.8 * np.quantile(y, levels)).tolist(),
            },
            "sample": {
                "true": y[::2].tolist(),
                "predicted": (0.8 * y[::2]).tolist(),
                "upper": (1.5 * y[::2]).tolist(),
                "top": (y[::2] > np.quantile(y, 0.95)).tolist(),
            },
        }
        for name in (base, other)
    }
    edges = np.linspace(y[0], y[-1], 31)
    out["target"] = {
        "min": float(y[0]),
        "max": float(y[-1]),
        "mean": float(y.mean()),
        "median": float(np.median(y)),
        "q25": float(np.quantile(y, 0.25)),
        "q75": float(np.quantile(y, 0.75)),
        "q95": float(np.quantile(y, 0.95)),
        "skewness": 3.4,
        "zeros": 7,
        "histogram": {
            "scale": "linear",
            "edges": edges.tolist(),
            "counts": np.histogram(y, edges)[0].tolist(),
        },
    }
    _sides(out, _measure("mae", "MAE", "minimize", "numbers"), ["top 5 %", "rest"], -0.8 * scale)
    return out


def tiny_numbers() -> dict[str, Any]:
    return numbers(scale=1e-5, recommend="baseline")


def bare_numbers() -> dict[str, Any]:
    """Nothing beyond what every summary has."""
    out = numbers()
    del out["sides"], out["target"]
    out["details"] = {name: {} for name in out["details"]}
    return out


OTHERS = {
    maker.__name__: maker
    for maker in (labels, hostile_labels, bare_labels, numbers, tiny_numbers, bare_numbers)
}
