"""SMS Spam with one honest split, and a choice of gamma and alpha on its training rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from equipoise.data.duplicates import text_key
from equipoise.data.folds import make_folds
from equipoise.errors import DataError
from equipoise.learners.neural.heads import Head, train_heads
from equipoise.learners.neural.sentences import SentenceEncoder
from equipoise.metrics import confusion, per_class

CLASSES = ["ham", "spam"]
GAMMAS, ALPHAS = (0.5, 1.0, 2.0, 3.0, 5.0), (0.25, 0.5, 0.75, 0.9)


@dataclass
class Data:
    """Messages, their codes, which are copies of each other, and one split."""

    texts: list[str]
    y: np.ndarray
    groups: np.ndarray
    train: np.ndarray
    test: np.ndarray


def read(path: Path, rows: int | None) -> Data:
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}", remedy="name the data by --data")
    if path.suffix == ".parquet":
        table = pl.read_parquet(path, columns=["label", "text"])
        labels, texts = table["label"].to_list(), table["text"].to_list()
    else:
        lines = path.read_text(encoding="utf-8").split("\n")
        pairs = [line.split("\t", 1) for line in lines if "\t" in line]
        labels, texts = [one[0] for one in pairs], [one[1] for one in pairs]
    if set(labels) != set(CLASSES):
        raise DataError(
            f"{path.name} has the labels {sorted(map(str, set(labels)))[:4]}, not ham and spam",
            remedy="give the SMS Spam Collection",
        )
    y = np.array([CLASSES.index(label) for label in labels])
    if rows is not None and rows < len(y):
        draw = np.random.default_rng(0)
        each = [draw.permutation(np.flatnonzero(y == c)) for c in (0, 1)]
        keep = np.sort(np.concatenate([one[: round(rows * len(one) / len(y))] for one in each]))
        y, texts = y[keep], [texts[i] for i in keep]
    groups = np.unique([text_key(text) for text in texts], return_inverse=True)[1]
    split = make_folds(y, groups, folds=5, seed=0, labels=CLASSES, kept="copies").splits[0]
    return Data(texts, y, groups, split.train, split.test)


def tune_focal(data: Data, model: str) -> dict[str, Any]:
    """Choose gamma and alpha by macro F1 at argmax in three inner folds of the training rows.

    The proxy is cheap: linear heads with focal loss on the frozen vectors of the encoder.
    """
    y, groups = data.y[data.train], data.groups[data.train]
    vectors = SentenceEncoder(model).encode([data.texts[i] for i in data.train])
    folds = make_folds(y, groups, folds=3, seed=1, labels=CLASSES, kept="copies").splits
    grid = [(0.0, 0.5)] + [(gamma, alpha) for gamma in GAMMAS for alpha in ALPHAS]
    heads = []
    for gamma, alpha in grid:
        for fold in folds:
            weight = np.zeros(len(y))
            weight[fold.train] = np.array([1 - alpha, alpha])[y[fold.train]]
            heads.append(Head(weight, len(fold.train), gamma=gamma))
    trained = iter(train_heads(vectors, y, 2, heads))
    scores = []
    for _ in grid:
        said = np.zeros(len(y), dtype=np.int64)
        for fold in folds:
            weights, intercepts = next(trained)
            said[fold.test] = (vectors[fold.test] @ weights + intercepts).argmax(axis=1)
        scores.append(float(per_class(confusion(y, said, 2))["f1"].mean()))
    best = 1 + int(np.argmax(scores[1:]))
    gamma, alpha = grid[best]
    return {"gamma": gamma, "alpha": alpha, "f1_macro": scores[best], "untreated": scores[0]}
