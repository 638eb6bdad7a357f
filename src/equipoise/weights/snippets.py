"""Code to paste that uses weights of classes or labels: PyTorch, the Trainer, scikit-learn, LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["SNIPPETS", "label_weight_code", "weight_code"]

SNIPPETS = {
    "pytorch": "PyTorch",
    "bce": "PyTorch, one logit",
    "trainer": "Trainer of Hugging Face",
    "sklearn": "scikit-learn",
    "lightgbm": "LightGBM",
}
_LONGEST = 60
_SCALED = "# weight brings the mean over the rows to 1, so that a learning rate for the plain loss still fits\n"


def weight_code(
    labels: Sequence[Any],
    weights: ArrayLike,
    *,
    positive: int = 1,
    counts: ArrayLike | None = None,
) -> dict[str, str]:
    """Write code that uses class weights, by the names in ``SNIPPETS``.

    Parameters
    ----------
    labels : sequence of length C
        Classes in sorted order, which is the order of their codes in scikit-learn, LightGBM and most
        data sets.
    weights : array-like, shape (C,)
        One weight per class.
    positive : int, default=1
        Code of the positive of two classes.
    counts : array-like, shape (C,), default=None
        Rows of each class. All code but that of PyTorch, whose loss divides by the sum of the weights,
        then has the weights at mean 1 over the rows, at which learning rates and the strength of
        regularisation mean what they mean without weights.

    Returns
    -------
    dict of str to str
        Without ``bce`` where there are more classes than two.

    Examples
    --------
    >>> from equipoise.weights.snippets import weight_code
    >>> print(weight_code(["ham", "spam"], [0.8, 3.2], counts=[90, 10])["bce"])
    import torch
    <BLANKLINE>
    # targets: 1.0 for 'spam', 0.0 for 'ham'
    # weight brings the mean over the rows to 1, so that a learning rate for the plain loss still fits
    loss = torch.nn.BCEWithLogitsLoss(
        weight=torch.tensor([0.769231]), pos_weight=torch.tensor([4.0])
    )
    """
    own = np.asarray(weights, dtype=np.float64)
    even = own if counts is None else own / np.average(own, weights=np.asarray(counts))
    numbers = even.tolist()
    by_label = "".join(
        f"    {_literal(label)}: {_number(w)},\n" for label, w in zip(labels, numbers, strict=True)
    )
    of_steps = of_trees = of_lines = ""
    if counts is not None:
        of_steps = "# of mean 1 over the rows, so that a learning rate for plain cross-entropy still fits\n"
        of_lines = "# of mean 1 over the rows, so that C means what it means without weights\n"
        of_trees = (
            "# of mean 1 over the rows, so that min_child_weight and reg_lambda mean what they mean "
            "without\n"
        )
    out = {
        "pytorch": f"import torch\n\nweight = [\n{_by_code(labels, own.tolist())}]\n"
        "loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(weight))",
        "trainer": "from equipoise.integrations.hf import trainer_loss\n"
        "from equipoise.losses import WeightedCrossEntropy\n\n"
        f"{of_steps}weight = [\n{_by_code(labels, numbers)}]\n"
        "loss = trainer_loss(WeightedCrossEntropy(weight=weight))\n"
        "# Trainer(..., compute_loss_func=loss)",
        "sklearn": "from sklearn.linear_model import LogisticRegression\n\n"
        f"{of_lines}class_weight = {{\n{by_label}}}\n"
        "model = LogisticRegression(class_weight=class_weight)",
        "lightgbm": "from lightgbm import LGBMClassifier\n\n"
        f"{of_trees}class_weight = {{\n{by_label}}}\n"
        "model = LGBMClassifier(class_weight=class_weight)\n"
        "# or model.fit(X, y, sample_weight=[class_weight[label] for label in y])",
    }
    if len(labels) == 2:
        texts = [_comment(label) for label in labels]
        other = 1 - positive
        pos_weight = f"pos_weight=torch.tensor([{_number(numbers[positive] / numbers[other])}])"
        scaled = "" if counts is None else f"weight=torch.tensor([{_number(numbers[other])}]), "
        out["bce"] = (
            f"import torch\n\n# targets: 1.0 for {texts[positive]}, 0.0 for {texts[other]}\n"
            + (_SCALED if scaled else "")
            + "loss = torch.nn.BCEWithLogitsLoss("
            + (f"\n    {scaled}{pos_weight}\n)" if scaled else f"{pos_weight})")
        )
        # LightGBM sorts the labels itself: to it the positive class is always the second.
        out["lightgbm"] += (
            f"\n# or scale_pos_weight={_number(numbers[1] / numbers[0])}, of {texts[1]} (code 1), which "
            "starts from the unweighted prior"
        )
    out["lightgbm"] += (
        "\n# Trees move by less than the weights say: do not subtract the offset from their scores, but"
        "\n# calibrate them on rows kept out of training, or choose the threshold there."
    )
    return {name: out[name] for name in SNIPPETS if name in out}


def label_weight_code(labels: Sequence[Any], weights: ArrayLike) -> dict[str, str]:
    """Write code that weighs the positives of each label, for rows that may have several.

    Parameters
    ----------
    labels : sequence of length L
        Labels in the order of the columns of the targets.
    weights : array-like, shape (L,)
        Weight of the positives of each label, that of the negatives being 1.

    Returns
    -------
    dict of str to str
        By ``pytorch`` and ``trainer``.

    Examples
    --------
    >>> from equipoise.weights.snippets import label_weight_code
    >>> print(label_weight_code(["joy", "grief"], [10.5, 564.0])["pytorch"])
    import torch
    <BLANKLINE>
    # targets: a column for each label in this order, 1.0 where the row has it, else 0.0
    pos_weight = [
        10.5,  # 0: 'joy'
        564.0,  # 1: 'grief'
    ]
    loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))
    """
    listed = (
        "# targets: a column for each label in this order, 1.0 where the row has it, else 0.0\n"
        f"pos_weight = [\n{_by_code(labels, np.asarray(weights, dtype=np.float64).tolist())}]\n"
    )
    return {
        "pytorch": f"import torch\n\n{listed}"
        "loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))",
        "trainer": "from equipoise.integrations.hf import trainer_loss\n"
        f"from equipoise.losses import WeightedBCE\n\n{listed}"
        "loss = trainer_loss(WeightedBCE(pos_weight=pos_weight))\n"
        "# Trainer(..., compute_loss_func=loss), of a model with problem_type="
        '"multi_label_classification"',
    }


def _by_code(labels: Sequence[Any], numbers: Sequence[float]) -> str:
    return "".join(
        f"    {_number(w)},  # {code}: {_comment(label)}\n"
        for code, (label, w) in enumerate(zip(labels, numbers, strict=True))
    )


def _number(value: float) -> str:
    return repr(float(f"{value:.6g}"))


def _literal(label: Any) -> str:
    return repr(float(label) if isinstance(label, Decimal) else label)


def _comment(label: Any) -> str:
    # The literal of a text has neither line ends nor signs that steer a terminal.
    text = _literal(label)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
