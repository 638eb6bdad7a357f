"""The catalogue of metrics of regression tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from equipoise.metrics import numbers
from equipoise.metrics.extremes import Extreme, Relevant
from equipoise.metrics.metric import Metric

__all__ = ["TOP", "regression_metrics"]

_TASK = frozenset({"regression"})
_INFINITE = float("inf")
TOP = 5.0  # percent


def _metric(
    name: str,
    title: str,
    function: Callable[..., Any],
    description: str,
    reference: str = "-",
    *,
    best: Literal["maximize", "minimize"] = "minimize",
    low: float = 0.0,
    high: float = _INFINITE,
    caution: str = "",
    decides: bool = True,
) -> Metric:
    return Metric(
        name,
        title,
        best,
        "numbers",
        _TASK,
        low,
        high,
        reference,
        description,
        function,
        caution=caution,
        decides=decides,
    )


def regression_metrics() -> list[Metric]:
    """Return the metrics of regression tasks.

    Examples
    --------
    >>> from equipoise.metrics.number_catalogue import regression_metrics
    >>> regression_metrics()[0].name
    'rmse'
    """
    return [*_all_rows(), *_extremes(), *_percentile()]


def _all_rows() -> list[Metric]:
    return [
        _metric(
            "rmse",
            "RMSE",
            numbers.rmse,
            "Root of the mean squared error: smallest for predictions of the mean.",
        ),
        _metric(
            "mae",
            "MAE",
            numbers.mae,
            "Mean absolute error: smallest for predictions of the median.",
            caution="Of a skewed target, predictions of the median win it, and their sum is too low.",
        ),
        _metric(
            "r2",
            "R²",
            numbers.r2,
            "Share of the variance that is explained.",
            best="maximize",
            low=-_INFINITE,
            high=1.0,
        ),
        _metric(
            "median_ae",
            "Median absolute error",
            numbers.median_ae,
            "Error that half of the rows stay below.",
            caution="What becomes of the worse half of the rows, rare extremes among them, does not count.",
        ),
        _metric(
            "abs_bias",
            "Absolute bias",
            numbers.bias,
            "Size of the mean error: by how much a sum of predictions misses, per row.",
            decides=False,
        ),
        _metric(
            "bias",
            "Bias",
            numbers.mean_bias,
            "Mean of prediction minus truth: above 0 where too much is predicted.",
            low=-_INFINITE,
            decides=False,
        ),
        _metric(
            "spearman",
            "Spearman correlation",
            numbers.spearman,
            "Correlation of the ranks: whether the order is right.",
            "Spearman 1904, American Journal of Psychology",
            best="maximize",
            low=-1.0,
            high=1.0,
        ),
    ]


def _extremes() -> list[Metric]:
    caution = (
        "Judged on rows picked by their true value, predicting more everywhere helps: read mae_rest or bias "
        "beside it."
    )
    return [
        _metric(
            "mae_top",
            "MAE of the top 5 %",
            Extreme(TOP),
            "Mean absolute error of the rows with the largest true values.",
            caution=caution,
        ),
        _metric(
            "rmse_top",
            "RMSE of the top 5 %",
            Extreme(TOP, root=True),
            "Root of the mean squared error of the rows with the largest true values.",
            caution=caution,
        ),
        _metric(
            "mae_rest",
            "MAE below the top 5 %",
            Extreme(TOP, rest=True),
            "Mean absolute error of all rows but those with the largest true values.",
            caution="The largest true values do not count: read mae_top beside it.",
        ),
        _metric(
            "sera",
            "SERA",
            Relevant(0.0),
            "Squared error weighted by the relevance of the true value, mean over rows.",
            "Ribeiro and Moniz 2020, Machine Learning",
        ),
    ]


def _percentile() -> list[Metric]:
    return [
        _metric(
            "pinball",
            "Pinball loss at 0.95",
            numbers.Pinball(numbers.LEVEL),
            "Loss that the true 95th percentile makes smallest.",
            "Koenker and Bassett 1978, Econometrica",
        ),
        _metric(
            "coverage_gap",
            "Coverage gap",
            numbers.coverage_gap,
            "Distance from 0.95 of the share of rows at or below their predicted 95th percentile.",
            high=numbers.LEVEL,
            decides=False,
        ),
        _metric(
            "coverage",
            "Coverage",
            numbers.coverage,
            "Share of rows at or below their predicted 95th percentile; 0.95 is right.",
            high=1.0,
            decides=False,
        ),
    ]
