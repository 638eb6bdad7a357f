"""Strategies at the data level: weights of rows, and which rows are trained on."""

from __future__ import annotations

from equipoise.strategies.resampling import ROWS
from equipoise.strategies.strategy import CLASSES, LABELS, NUMBERS, Strategy, Weights

__all__ = ["DATA_LEVEL", "weigh"]

_BATISTA = "Batista, Prati and Monard 2004, SIGKDD Explorations"


def weigh(
    name: str,
    title: str,
    summary: str,
    paper: str,
    filling: Weights,
    tasks: frozenset[str] = CLASSES,
) -> Strategy:
    """Return a strategy of weights."""
    return Strategy(
        name, title, "weights", summary, paper, weights=filling, simplicity=1, tasks=tasks
    )


def _ens(beta: float) -> Strategy:
    return weigh(
        f"weights-ens-{beta:g}",
        f"Effective-number weights, beta {beta:g}",
        "Weight each class by (1 - beta) / (1 - beta^n), the inverse of its effective number of rows.",
        "Cui et al. 2019, CVPR",
        Weights("ens", beta=beta),
        CLASSES | LABELS,
    )


_UNTREATED = Strategy(
    "untreated",
    "Untreated",
    "none",
    "Train on the data as they are: the baseline that every treatment has to beat.",
    "-",
    tasks=CLASSES | LABELS | NUMBERS,
)

_WEIGHTS = [
    weigh(
        "weights-balanced",
        "Balanced weights",
        "Weight each class by N / (C n), so that all classes weigh the same.",
        "King and Zeng 2001, Political Analysis",
        Weights("balanced"),
    ),
    Strategy(
        "weights-ins",
        "Inverse-number weights",
        "weights",
        "Weight each class by 1 / n.",
        "Huang et al. 2016, CVPR",
        weights=Weights("ins"),
        simplicity=1,
        tasks=CLASSES | LABELS,
        # Row weights enter every fit with mean 1, and then 1 / n and N / (C n) are the same numbers.
        same_as="weights-balanced",
    ),
    weigh(
        "weights-isns",
        "Inverse-square-root weights",
        "Weight each class by 1 / sqrt(n): half way, on the log scale, between none and balanced.",
        "Mahajan et al. 2018, ECCV",
        Weights("isns"),
        CLASSES | LABELS,
    ),
    *(_ens(beta) for beta in (0.9, 0.99, 0.999, 0.9999)),
]


def _rows(name: str, title: str, summary: str, paper: str, simplicity: int) -> Strategy:
    return Strategy(name, title, "rows", summary, paper, rows=ROWS[name], simplicity=simplicity)


_ROWS = [
    _rows(
        "random-over",
        "Random over-sampling",
        "Repeat rows of the rarer classes at random until all classes are as large as the largest.",
        "Japkowicz and Stephen 2002, Intelligent Data Analysis",
        2,
    ),
    _rows(
        "random-under",
        "Random under-sampling",
        "Drop rows of the larger classes at random until all classes are as small as the smallest.",
        "Japkowicz and Stephen 2002, Intelligent Data Analysis",
        2,
    ),
    _rows(
        "mild-combination",
        "Mild over- and under-sampling",
        "Repeat rare rows part of the way and drop common rows the rest of it.",
        _BATISTA,
        2,
    ),
    _rows(
        "downsample-upweight",
        "Downsample and upweight",
        "Drop common rows and weight the kept ones by the factor, which keeps the prior.",
        "Elkan 2001, IJCAI",
        2,
    ),
    _rows(
        "upsample-downweight",
        "Upsample and downweight",
        "Repeat rare rows and weight them down by the factor, which keeps the prior.",
        "Elkan 2001, IJCAI",
        2,
    ),
    _rows(
        "text-augmentation",
        "Text augmentation",
        "Add changed copies of the rarer classes' texts, and repeat them until all classes are as large.",
        "Wei and Zou 2019, EMNLP-IJCNLP; Karimi, Rossi and Prati 2021, Findings of EMNLP",
        2,
    ),
    _rows(
        "smote",
        "SMOTE",
        "Add points between rare rows and their rare neighbours.",
        "Chawla et al. 2002, JAIR",
        3,
    ),
    _rows(
        "borderline-smote",
        "Borderline-SMOTE",
        "As SMOTE, only from rare rows whose neighbours are mostly common ones.",
        "Han, Wang and Mao 2005, ICIC",
        3,
    ),
    _rows(
        "adasyn",
        "ADASYN",
        "As SMOTE, with more points where rare rows have more common neighbours.",
        "He et al. 2008, IJCNN",
        3,
    ),
    _rows(
        "tomek",
        "Tomek links",
        "Drop common rows that are mutual nearest neighbours of a rare one.",
        "Tomek 1976, IEEE Trans. SMC",
        3,
    ),
    _rows(
        "nearmiss-1",
        "NearMiss-1",
        "Keep the common rows that lie nearest to their three nearest rare rows.",
        "Mani and Zhang 2003, ICML workshop",
        3,
    ),
    _rows(
        "enn",
        "Edited nearest neighbours",
        "Drop common rows that any of their three nearest neighbours disagrees with.",
        "Wilson 1972, IEEE Trans. SMC",
        3,
    ),
    _rows(
        "smote-tomek",
        "SMOTE, then Tomek links",
        "Add SMOTE points, then drop both ends of every Tomek link.",
        _BATISTA,
        4,
    ),
    _rows(
        "smote-enn",
        "SMOTE, then edited nearest neighbours",
        "Add SMOTE points, then drop rows that their neighbours disagree with.",
        _BATISTA,
        4,
    ),
]


DATA_LEVEL = [_UNTREATED, *_WEIGHTS, *_ROWS]
