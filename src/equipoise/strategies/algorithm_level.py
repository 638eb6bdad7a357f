"""Strategies at the algorithm level: losses, starts, schedules, and ensembles made for imbalance."""

from __future__ import annotations

from equipoise.learners.base import Loss, Schedule
from equipoise.strategies.strategy import CLASSES, LABELS, Strategy, Weights

__all__ = ["ALGORITHM_LEVEL", "ENSEMBLES"]


def _loss(
    name: str,
    title: str,
    summary: str,
    paper: str,
    filling: Loss,
    start: bool = False,
    tasks: frozenset[str] = CLASSES,
) -> Strategy:
    return Strategy(
        name, title, "loss", summary, paper, loss=filling, start=start, simplicity=2, tasks=tasks
    )


_LOSS = [
    _loss(
        "focal",
        "Focal loss",
        "Minimise the focal loss with gamma 2, started at the class prior: easy rows count less.",
        "Lin et al. 2017, ICCV",
        Loss("focal", {"gamma": 2.0}),
        start=True,
        tasks=CLASSES | LABELS,
    ),
    _loss(
        "focal-tuned",
        "Focal loss, tuned",
        "As focal, with gamma and the rare classes' share alpha chosen inside each training part.",
        "Lin et al. 2017, ICCV",
        Loss("focal", tuned=("gamma", "alpha")),
        start=True,
    ),
    Strategy(
        "class-balanced-focal",
        "Class-balanced focal loss",
        "loss",
        "Minimise the focal loss with gamma 1, weighted by the effective numbers of rows.",
        "Cui et al. 2019, CVPR",
        weights=Weights("ens", beta=0.999),
        loss=Loss("focal", {"gamma": 1.0}),
        start=True,
        simplicity=3,
        tasks=CLASSES | LABELS,
    ),
    _loss(
        "balanced-softmax",
        "Balanced softmax",
        "Add the log counts to the scores while training: scores are then balanced without them.",
        "Ren et al. 2020, NeurIPS",
        Loss("balanced-softmax"),
    ),
    _loss(
        "logit-adjusted-tuned",
        "Logit adjustment, tuned",
        "As balanced softmax, with a strength tau chosen inside each training part.",
        "Menon et al. 2021, ICLR",
        Loss("logit-adjusted", tuned=("tau",)),
    ),
    _loss(
        "vs",
        "VS loss",
        "Scale the scores by class as well as shifting them.",
        "Kini et al. 2021, NeurIPS",
        Loss("vs", {"gamma": 0.15, "tau": 1.0}),
    ),
    _loss(
        "ldam",
        "LDAM",
        "Ask for a wider margin where a class has fewer rows; scores are cosines.",
        "Cao et al. 2019, NeurIPS",
        Loss("ldam", {"max_margin": 0.5, "s": 30.0}),
    ),
]

_START = [
    Strategy(
        "prior-start",
        "Start at the prior",
        "start",
        "Start the last layer at the class prior, so that the first steps are not spent on it.",
        "Lin et al. 2017, ICCV",
        start=True,
        simplicity=1,
        tasks=CLASSES | LABELS,
    )
]


def _schedule(name: str, title: str, summary: str, paper: str, filling: Schedule) -> Strategy:
    return Strategy(name, title, "schedule", summary, paper, schedule=filling, simplicity=3)


_SCHEDULES = [
    _schedule(
        "two-phase",
        "Two-phase learning",
        "Train on rows capped per class first, then on all rows.",
        "Lee, Park and Kim 2016, ICIP",
        Schedule("two-phase"),
    ),
    _schedule(
        "dynamic-sampling",
        "Dynamic sampling",
        "Draw the classes that are predicted badly more often in the next epoch.",
        "Pouyanfar et al. 2018, MIPR",
        Schedule("dynamic-sampling"),
    ),
    _schedule(
        "deferred-reweighting",
        "Deferred re-weighting",
        "Train without weights first, and bring balanced ones in late.",
        "Cao et al. 2019, NeurIPS",
        Schedule("deferred-reweighting"),
    ),
    _schedule(
        "head-retraining",
        "Balanced retraining of the head",
        "Train on the data as they are, then the last layer alone on balanced rows.",
        "Kang et al. 2020, ICLR",
        Schedule("head-retraining"),
    ),
    _schedule(
        "tau-norm",
        "Tau-normalisation",
        "After training, divide the weights of each class by their length to the power tau.",
        "Kang et al. 2020, ICLR",
        Schedule("tau-norm", {"tau": 1.0}),
    ),
]


def _ensemble(name: str, title: str, summary: str, paper: str, control: str) -> Strategy:
    return Strategy(name, title, "ensemble", summary, paper, control=control, simplicity=3)


ENSEMBLES = [
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

ALGORITHM_LEVEL = [*_LOSS, *_START, *_SCHEDULES]
