"""The catalogue of metrics of multilabel tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from equipoise.metrics import label_scores, labels, ranking
from equipoise.metrics.label_ranking import RankedLabels, micro_average_precision
from equipoise.metrics.labels import EachLabel, Pooled
from equipoise.metrics.metric import Metric

__all__ = ["multilabel_metrics"]

_TASK = frozenset({"multilabel"})
_RIJSBERGEN = "van Rijsbergen 1979, Information Retrieval"
_SCHAPIRE = "Schapire and Singer 2000, Machine Learning"
_INFINITE = float("inf")


def _metric(
    name: str,
    title: str,
    needs: Literal["labels", "ranking", "probabilities", "rows"],
    function: Callable[..., Any],
    description: str,
    reference: str = "-",
    *,
    best: Literal["maximize", "minimize"] = "maximize",
    low: float = 0.0,
    high: float = 1.0,
    caution: str = "",
) -> Metric:
    return Metric(
        name,
        title,
        best,
        needs,
        _TASK,
        low,
        high,
        reference,
        description,
        function,
        # With the hits of a label held fixed, each metric of labels falls as its false alarms grow.
        false_alarms_hurt=needs == "labels",
        caution=caution,
    )


def multilabel_metrics() -> list[Metric]:
    """Return the metrics of multilabel tasks, those of scores first.

    Examples
    --------
    >>> from equipoise.metrics.label_catalogue import multilabel_metrics
    >>> multilabel_metrics()[0].name
    'average_precision'
    """
    return [*_scores(), *_labels(), *_rows()]


def _scores() -> list[Metric]:
    return [
        _metric(
            "average_precision",
            "Average precision",
            "ranking",
            RankedLabels(ranking.precision_measure),
            "Mean over labels of the area under the precision-recall curve.",
            "Davis and Goadrich 2006, ICML",
        ),
        _metric(
            "average_precision_micro",
            "Micro average precision",
            "ranking",
            micro_average_precision,
            "Area under the precision-recall curve of all pairs of a row and a label.",
            "Davis and Goadrich 2006, ICML",
            caution="Common labels fill this ranking: a rare one hardly shows in it.",
        ),
        _metric(
            "roc_auc",
            "ROC AUC",
            "ranking",
            RankedLabels(ranking.auc_measure),
            "Mean over labels of the chance that a row with it outranks one without; flatters rare labels.",
            "Hanley and McNeil 1982, Radiology",
        ),
        _metric(
            "coverage_error",
            "Coverage error",
            "ranking",
            label_scores.coverage_error,
            "Labels to take from the top of a row's ranking until all that it has are among them.",
            _SCHAPIRE,
            best="minimize",
            high=_INFINITE,
        ),
        _metric(
            "ranking_loss",
            "Ranking loss",
            "ranking",
            label_scores.ranking_loss,
            "Share of pairs of labels that stand in the wrong order in a row.",
            _SCHAPIRE,
            best="minimize",
        ),
        _metric(
            "log_loss",
            "Log loss",
            "probabilities",
            label_scores.label_log_loss,
            "Mean over rows and labels of minus the log-probability given to the truth.",
            "Good 1952, JRSS B",
            best="minimize",
            high=_INFINITE,
        ),
        _metric(
            "brier",
            "Brier score",
            "probabilities",
            label_scores.label_brier,
            "Mean squared error of the probabilities of the labels.",
            "Brier 1950, Monthly Weather Review",
            best="minimize",
        ),
        _metric(
            "calibration_error",
            "Calibration error",
            "probabilities",
            label_scores.label_calibration_error,
            "Mean over labels of the distance between probabilities and observed shares.",
            "Naeini et al. 2015, AAAI",
            best="minimize",
        ),
    ]


def _labels() -> list[Metric]:
    f1 = partial(labels.fbeta_value, beta=1.0)
    return [
        _metric(
            "f1_macro",
            "Macro F1",
            "labels",
            EachLabel(f1, "macro"),
            "Mean of the F1 of the labels: every label counts the same.",
            _RIJSBERGEN,
        ),
        _metric(
            "f1_micro",
            "Micro F1",
            "labels",
            Pooled(1.0),
            "F1 of all decisions together: common labels count most.",
            _RIJSBERGEN,
        ),
        _metric(
            "f1_weighted",
            "Weighted F1",
            "labels",
            EachLabel(f1, "weighted"),
            "Mean of the F1 of the labels, weighted by the rows that have them.",
            _RIJSBERGEN,
        ),
        _metric(
            "precision_macro",
            "Macro precision",
            "labels",
            EachLabel(labels.precision_value, "macro"),
            "Mean of the precisions of the labels.",
            caution="Precision is highest where hardly a label is given: read recall beside it.",
        ),
        _metric(
            "precision_micro",
            "Micro precision",
            "labels",
            Pooled(None, "precision"),
            "Share of the labels given that are right.",
            caution="Precision is highest where hardly a label is given: read recall beside it.",
        ),
        _metric(
            "recall_macro",
            "Macro recall",
            "labels",
            EachLabel(labels.recall_value, "macro"),
            "Mean of the recalls of the labels that occur or are given.",
            caution="Recall is 1 where every row is given every label: read precision beside it.",
        ),
        _metric(
            "recall_micro",
            "Micro recall",
            "labels",
            Pooled(None, "recall"),
            "Share of the labels of the rows that are found.",
            caution="Recall is 1 where every row is given every label: read precision beside it.",
        ),
        _metric(
            "balanced_accuracy",
            "Balanced accuracy",
            "labels",
            EachLabel(labels.balanced_accuracy_value, "both"),
            "Mean over labels of the mean recall of rows with and without it.",
            "Brodersen et al. 2010, ICPR",
        ),
        _metric(
            "hamming_loss",
            "Hamming loss",
            "labels",
            EachLabel(labels.error_value, "all"),
            "Share of all answers, one per row and label, that are wrong.",
            _SCHAPIRE,
            best="minimize",
            caution="Most labels are absent from most rows, so a model that gives none scores well. "
            "Macro F1 tells more.",
        ),
        _metric(
            "fbeta",
            "F-beta",
            "labels",
            EachLabel(partial(labels.fbeta_value, beta=2.0), "macro"),
            "Mean over labels of the F score in which recall counts beta times as much as precision.",
            _RIJSBERGEN,
        ),
        _metric(
            "fbeta_micro",
            "Micro F-beta",
            "labels",
            Pooled(2.0),
            "F score of all decisions together, in which recall counts beta times as much as precision.",
            _RIJSBERGEN,
        ),
        _metric(
            "expected_cost",
            "Expected cost",
            "labels",
            EachLabel(labels.error_value, "sum"),
            "Mean cost of a row, over all its labels.",
            "Elkan 2001, IJCAI",
            best="minimize",
            high=_INFINITE,
        ),
    ]


def _rows() -> list[Metric]:
    return [
        _metric(
            "f1_samples",
            "F1 of rows",
            "rows",
            labels.f1_of_rows,
            "Mean over rows of the F1 of the labels given to a row.",
            "Godbole and Sarawagi 2004, PAKDD",
        ),
        _metric(
            "exact_match",
            "Exact match",
            "rows",
            labels.exact_match,
            "Share of rows that were given exactly their labels.",
            "Ghamrawi and McCallum 2005, CIKM",
        ),
    ]
