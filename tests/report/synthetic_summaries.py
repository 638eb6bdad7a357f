"""Summaries of every kind: realistic, hostile and half empty."""

from __future__ import annotations

from typing import Any

from .other_tasks import OTHERS
from .simulation import make

HOSTILE = [
    "<script>alert(1)</script>",
    '" onload="alert(2)" x=\'',
    "</svg></title><img src=x onerror=alert(3)>",
    "{{ 7*7 }}{% raw %}",
    "](javascript:alert(4)) &amp; &lt;",
    "L" * 200,
    "naïve café — 中文标签 🙂 עברית",
    "a\u202eb\x00c\ud800d\nnew line",
    "",
    "https://example.org/?q=<b>",
]


def binary() -> dict[str, Any]:
    return make(["ham", "spam"], [4827, 747], metric_name="f1_macro")


def ranking() -> dict[str, Any]:
    return make(["0", "1"], [284315, 492], name="creditcard_fraud.parquet", target="Class")


def multiclass() -> dict[str, Any]:
    labels = ["5 stars", "4 stars", "3 stars", "2 stars", "1 star"]
    return make(
        labels, [13131, 5077, 2871, 1565, 842], name="womens_ecommerce.parquet", target="Rating"
    )


def hostile() -> dict[str, Any]:
    counts = [900, 500, 300, 200, 100, 80, 60, 40, 30, 20]
    out = make(
        list(HOSTILE), counts, name="<script>alert(9)</script>.csv", target='"><script>x</script>'
    )
    out["data"]["columns"][0]["name"] = "<img src=https://example.org/x.png>"
    out["data"]["notes"].append("<script>alert('note')</script>")
    out["data"]["leaks"][0]["column"] = "</details><script>"
    out["strategies"][3]["title"] = "<b onclick=alert(1)>bold</b>"
    out["strategies"][-1]["why_not"] = "<iframe src='http://example.org'></iframe>"
    out["verdict"]["headline"] = "Use <script>alert(5)</script>."
    return out


def hostile_binary() -> dict[str, Any]:
    return make([HOSTILE[5], HOSTILE[0]], [900, 100], metric_name="f1_macro")


def thirty() -> dict[str, Any]:
    counts = [round(9000 / (1 + c) ** 1.3) for c in range(30)]
    return make([f"class of documents {c}" for c in range(30)], counts, learners=("linear",))


def loss() -> dict[str, Any]:
    return make(["no", "yes"], [5174, 1869], metric_name="log_loss")


def untreated() -> dict[str, Any]:
    """The baseline itself is recommended, and nothing else is tied."""
    out = make(["no", "yes"], [5174, 1869], learners=("boosting",), metric_name="f1_macro")
    out["verdict"].update(
        recommended=out["baseline"],
        best=out["baseline"],
        tied=[out["baseline"]],
        nothing_needed=True,
        headline="No treatment is needed: use boosting on the untreated data.",
    )
    return out


def without_verdict() -> dict[str, Any]:
    """A trial that found nothing: nulls wherever the schema lets them be."""
    out = make(["a", "b", "c"], [30, 20, 3])
    out.update(verdict=None, baseline=None, details={}, method=[], seconds=None)
    for one in out["strategies"]:
        one.update(difference=None, metrics={}, seconds=None, rows_trained=None)
    return out


def half_empty() -> dict[str, Any]:
    """Numbers that could not be computed, in every place."""
    out = make(["a", "b"], [300, 4], metric_name="f1_macro")
    out["verdict"].update(headline=None, reason=None, score=None, tied=[])
    for one in out["strategies"][:20]:
        for value in one["metrics"].values():
            value.update(low=None, high=None, mean=float("nan"))
        if one["difference"]:
            one["difference"].update(p=None, p_corrected=None, low=None, mean=None)
    for detail in out["details"].values():
        detail["curves"] = {
            "pr": {},
            "roc": {"b": {"x": [], "y": []}},
            "reliability": None,
            "threshold": {},
        }
        for row in detail["per_class"]:
            row["f1"] = None
    return out


def one_learner_no_strategies() -> dict[str, Any]:
    """Nothing but what did not apply."""
    out = without_verdict()
    out["strategies"] = [one for one in out["strategies"] if not one["applicable"]]
    out["data"].update(columns=[], leaks=[], notes=[], duplicates=None)
    return out


ALL = {
    maker.__name__: maker
    for maker in (
        binary,
        ranking,
        multiclass,
        hostile,
        hostile_binary,
        thirty,
        loss,
        untreated,
        without_verdict,
        half_empty,
        one_learner_no_strategies,
    )
} | OTHERS
