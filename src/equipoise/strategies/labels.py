"""Strategies for several labels a row that single classes have no counterpart of."""

from __future__ import annotations

from typing import Any

from equipoise.learners.base import Loss
from equipoise.strategies.strategy import LABELS, Strategy, Weights
from equipoise.strategies.target_rows import LabelRows

__all__ = ["LABEL_STRATEGIES"]


def _weigh(name: str, title: str, summary: str, filling: Weights) -> Strategy:
    return Strategy(
        name,
        title,
        "weights",
        summary,
        "King and Zeng 2001, Political Analysis",
        weights=filling,
        simplicity=1,
        tasks=LABELS,
    )


def _rows(name: str, title: str, summary: str, paper: str, words: str, **how: Any) -> Strategy:
    filling = LabelRows(name, words=words, **how)
    return Strategy(name, title, "rows", summary, paper, rows=filling, simplicity=3, tasks=LABELS)


LABEL_STRATEGIES = [
    _weigh(
        "pos-weight",
        "Positive weights",
        "Weight the positives of each label by its negatives over its positives.",
        Weights("pos-weight"),
    ),
    _weigh(
        "pos-weight-capped",
        "Positive weights, capped at 10",
        "As positive weights, none above 10.",
        Weights("pos-weight", cap=10.0),
    ),
    _weigh(
        "pos-weight-sqrt",
        "Square-root positive weights",
        "The square root of positive weights: half way, on the log scale, to balance.",
        Weights("pos-weight", power=0.5),
    ),
    Strategy(
        "asymmetric",
        "Asymmetric loss",
        "loss",
        "Focus more on hard negatives than on positives, and drop the easiest negatives.",
        "Ridnik et al. 2021, ICCV",
        loss=Loss("asymmetric", {"gamma_pos": 0.0, "gamma_neg": 4.0, "margin": 0.05}),
        start=True,
        simplicity=2,
        tasks=LABELS,
    ),
    Strategy(
        "distribution-balanced",
        "Distribution-balanced loss",
        "loss",
        "Weigh by what labels come together, and be tolerant of negatives.",
        "Wu et al. 2020, ECCV; Huang et al. 2021, EMNLP",
        loss=Loss("distribution-balanced"),
        start=True,
        simplicity=2,
        tasks=LABELS,
    ),
    _rows(
        "repeat-factor",
        "Repeat-factor sampling",
        "Repeat each row by the square root of how rare its rarest label is.",
        "Gupta, Dollar and Girshick 2019, CVPR",
        "repeat rows by their rarest label",
        searches=False,
    ),
    _rows(
        "ml-ros",
        "ML-ROS",
        "Repeat rows of the labels that are rarer than the mean.",
        "Charte et al. 2015, Neurocomputing",
        "repeat rows of rare labels",
        searches=False,
    ),
    _rows(
        "ml-rus",
        "ML-RUS",
        "Drop rows that have common labels only.",
        "Charte et al. 2015, Neurocomputing",
        "drop rows of common labels",
        searches=False,
    ),
    _rows(
        "ml-smote",
        "MLSMOTE",
        "Add points between rows of rare labels, with the labels that most of the neighbours have.",
        "Charte et al. 2015, Knowledge-Based Systems",
        "points between rows of rare labels",
        generates=True,
    ),
    _rows(
        "ml-tomek",
        "Multi-label Tomek links",
        "Drop rows of common labels that are mutual nearest neighbours of rows with other labels.",
        "Pereira, Costa and Silla 2020, Neurocomputing",
        "drop ends of links in common labels",
    ),
]
