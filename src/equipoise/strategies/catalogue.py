"""The catalogue: every strategy that a trial can try, with its paper."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from equipoise.errors import UsageError
from equipoise.learners.base import Focal
from equipoise.strategies.resampling import ROWS
from equipoise.strategies.strategy import Strategy, Weights

__all__ = ["CATALOGUE", "find_strategies", "get_strategy"]

_BATISTA = "Batista, Prati and Monard 2004, SIGKDD Explorations"


def _weights(name: str, title: str, summary: str, paper: str, filling: Weights) -> Strategy:
    return Strategy(name, title, "weights", summary, paper, weights=filling, simplicity=1)


def _ens(beta: float) -> Strategy:
    return _weights(
        f"weights-ens-{beta:g}",
        f"Effective-number weights, beta {beta:g}",
        "Weight each class by (1 - beta) / (1 - beta^n), the inverse of its effective number of rows.",
        "Cui et al. 2019, CVPR",
        Weights("ens", beta=beta),
    )


_UNTREATED = Strategy(
    "untreated",
    "Untreated",
    "none",
    "Train on the data as they are: the baseline that every treatment has to beat.",
    "-",
)

_WEIGHTS = [
    _weights(
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
        # Row weights enter every fit with mean 1, and then 1 / n and N / (C n) are the same numbers.
        same_as="weights-balanced",
    ),
    _weights(
        "weights-isns",
        "Inverse-square-root weights",
        "Weight each class by 1 / sqrt(n): half way, on the log scale, between none and balanced.",
        "Mahajan et al. 2018, ECCV",
        Weights("isns"),
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

_LOSS = [
    Strategy(
        "focal",
        "Focal loss",
        "loss",
        "Minimise the focal loss with gamma 2, started at the class prior: easy rows count less.",
        "Lin et al. 2017, ICCV",
        loss=Focal(2.0),
        simplicity=2,
    )
]


def _ensemble(name: str, title: str, summary: str, paper: str, control: str) -> Strategy:
    return Strategy(name, title, "ensemble", summary, paper, control=control, simplicity=3)


_ENSEMBLES = [
    _ensemble(
        "balanced-random-forest",
        "Balanced random forest",
        "Grow each of 100 trees on as many rows of every class as the rarest has.",
        "Chen, Liaw and Breiman 2004, Berkeley TR 666",
        "bagging",
    ),
    _ensemble(
        "easy-ensemble",
        "EasyEnsemble",
        "Train 10 AdaBoost ensembles, each on a balanced subset.",
        "Liu, Wu and Zhou 2009, IEEE Trans. SMC B",
        "adaboost",
    ),
    _ensemble(
        "rusboost",
        "RUSBoost",
        "Boost 50 stumps, with random under-sampling before each.",
        "Seiffert et al. 2010, IEEE Trans. SMC A",
        "adaboost",
    ),
    _ensemble(
        "balanced-bagging",
        "Balanced bagging",
        "Bag 10 trees, each on a balanced subset.",
        "Hido, Kashima and Takahashi 2009, SADM",
        "bagging",
    ),
    _ensemble(
        "self-paced-ensemble",
        "Self-paced ensemble",
        "Grow 10 trees on balanced subsets that move from easy common rows to hard ones.",
        "Liu et al. 2020, ICDE",
        "bagging",
    ),
    Strategy(
        "bagging",
        "Bagging (control)",
        "control",
        "Bag 10 untreated trees: the control for the ensembles of trees.",
        "Breiman 1996, Machine Learning",
        simplicity=1,
    ),
    Strategy(
        "adaboost",
        "AdaBoost (control)",
        "control",
        "Boost 50 untreated stumps: the control for the boosted ensembles.",
        "Freund and Schapire 1997, JCSS",
        simplicity=1,
    ),
]

CATALOGUE: dict[str, Strategy] = {
    strategy.name: strategy for strategy in [_UNTREATED, *_WEIGHTS, *_ROWS, *_LOSS, *_ENSEMBLES]
}


def get_strategy(name: str) -> Strategy:
    """Return the strategy called ``name``; ``"weights:a=1,b=10"`` gives weights by hand.

    Raises
    ------
    UsageError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> from equipoise.strategies import get_strategy
    >>> get_strategy("smote").paper
    'Chawla et al. 2002, JAIR'
    """
    if name.startswith("weights:"):
        return _given(name)
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name, CATALOGUE, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"there is no strategy {name!r}",
        remedy=f"{hint}`equipoise strategies` lists them all",
    )


def _given(name: str) -> Strategy:
    from equipoise.weights import parse_given

    numbers = parse_given(name.removeprefix("weights:"))
    return _weights(
        name, "Given weights", "Weight the classes by hand.", "-", Weights("given", given=numbers)
    )


def find_strategies(asked: str | Iterable[str]) -> list[Strategy]:
    """Resolve ``strategies=``: ``"default"``, names joined by commas, or a list of names.

    The untreated strategy is always in, since everything is judged against it; so is the control of
    an ensemble.
    """
    if isinstance(asked, str):
        asked = _split(asked)
    names: list[str] = []
    for one in asked:
        names += list(CATALOGUE) if one in ("default", "all") else [one]
    if not names:
        raise UsageError("no strategy was given", remedy="use strategies='default' or name some")
    chosen = [CATALOGUE["untreated"], *(get_strategy(name) for name in names)]
    chosen += [CATALOGUE[s.control] for s in chosen if s.control is not None]
    return list({strategy.name: strategy for strategy in chosen}.values())


def _split(text: str) -> list[str]:
    # A comma inside "weights:a=1,b=2" separates numbers, not strategies.
    out: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if out and out[-1].startswith("weights:") and "=" in part and ":" not in part:
            out[-1] += f",{part}"
        elif part:
            out.append(part)
    return out
