"""SMS Spam with one split, what of its test part nearly repeats the training part, and a choice of gamma and alpha."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.feature_extraction.text import CountVectorizer

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


def nearest_copies(data: Data) -> np.ndarray:
    """Return for each test message how much of it the nearest training message shares, from 0 to 1.

    That is the Jaccard index of the two sets of five letters in a row; 0 for messages of fewer letters.
    """
    keys = [text_key(text) for text in data.texts]
    grams = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True, dtype=np.int32)
    held = grams.fit_transform([keys[i] for i in data.train])
    asked = grams.transform([keys[i] for i in data.test])
    # Runs of letters that no training message has count as well, in the union.
    sizes = [np.array([len({k[i : i + 5] for i in range(len(k) - 4)}) for k in keys])[rows]
             for rows in (data.test, data.train)]  # fmt: skip
    shared = (asked @ held.T).toarray()
    union = sizes[0][:, None] + sizes[1] - shared
    return (shared / np.maximum(union, 1)).max(axis=1)


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
