"""Strategies for numbers whose tail is rare."""

from __future__ import annotations

from typing import Any

from equipoise.learners.base import Loss
from equipoise.strategies.strategy import NUMBERS, Strategy, Weights
from equipoise.strategies.target_rows import NumberRows

__all__ = ["NUMBER_STRATEGIES"]


def _strategy(
    name: str, title: str, family: Any, summary: str, paper: str, **slots: Any
) -> Strategy:
    simplicity = {"weights": 1, "loss": 2, "rows": 3}[family]
    return Strategy(
        name, title, family, summary, paper, simplicity=simplicity, tasks=NUMBERS, **slots
    )


def _rows(name: str, title: str, summary: str, paper: str, words: str, generates: bool) -> Strategy:
    filling = NumberRows(name, words=words, generates=generates)
    return _strategy(name, title, "rows", summary, paper, rows=filling)


NUMBER_STRATEGIES = [
    _strategy(
        "weights-lds",
        "Smoothed-density weights",
        "weights",
        "Weight each row by the inverse of how many have about its target.",
        "Yang et al. 2021, ICML",
        weights=Weights("lds"),
    ),
    _strategy(
        "weights-dense",
        "DenseWeight",
        "weights",
        "Weight each row by one minus the scaled density of its target.",
        "Steininger et al. 2021, Machine Learning",
        weights=Weights("dense"),
    ),
    _strategy(
        "log-target",
        "Log of the target",
        "loss",
        "Predict the logarithm of the target, and put it back by smearing.",
        "Duan 1983, JASA",
        transform="log",
    ),
    _strategy(
        "yeo-johnson-target",
        "Yeo-Johnson target",
        "loss",
        "Predict the target made as normal as a power can, and put it back by smearing.",
        "Yeo and Johnson 2000, Biometrika; Duan 1983, JASA",
        transform="yeo-johnson",
    ),
    _strategy(
        "quantile",
        "Quantile loss",
        "loss",
        "Predict the median, and the 95th percentile by itself.",
        "Koenker and Bassett 1978, Econometrica",
        loss=Loss("pinball", {"q": 0.5}),
    ),
    _strategy(
        "balanced-mse",
        "Balanced squared error",
        "loss",
        "Minimise the squared error as if all targets were as frequent.",
        "Ren et al. 2022, CVPR",
        loss=Loss("balanced-mse"),
    ),
    _rows(
        "tail-over",
        "Over-sampling of the tail",
        "Repeat rows of the rare ranges of the target.",
        "Torgo et al. 2015, Expert Systems",
        "repeat rows of the tail",
        generates=False,
    ),
    _rows(
        "tail-under",
        "Under-sampling of the rest",
        "Drop rows of the common range of the target.",
        "Torgo et al. 2015, Expert Systems",
        "drop rows of the common range",
        generates=False,
    ),
    _rows(
        "gaussian-noise",
        "Gaussian noise",
        "Add copies of tail rows with noise, and drop common rows.",
        "Branco, Torgo and Ribeiro 2019, Neurocomputing",
        "copies of tail rows with noise",
        generates=True,
    ),
    _rows(
        "smoter",
        "SMOTER",
        "Add points between rows of the tail, with a target between theirs.",
        "Torgo et al. 2013, EPIA",
        "points between rows of the tail",
        generates=True,
    ),
    _rows(
        "smogn",
        "SMOGN",
        "As SMOTER where neighbours are near, and with noise where they are far.",
        "Branco, Torgo and Ribeiro 2017, LIDTA",
        "points between near rows of the tail, noise where they are far",
        generates=True,
    ),
]
