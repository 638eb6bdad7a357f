"""Code to paste that uses class weights: PyTorch, the Trainer, scikit-learn, LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["SNIPPETS", "weight_code"]

SNIPPETS = {
    "pytorch": "PyTorch",
    "bce": "PyTorch, one logit",
    "trainer": "Trainer of Hugging Face",
    "sklearn": "scikit-learn",
    "lightgbm": "LightGBM",
}
_LONGEST = 60


def weight_code(labels: Sequence[Any], weights: ArrayLike, *, positive: int = 1) -> dict[str, str]:
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

    Returns
    -------
    dict of str to str
        Without ``bce`` where there are more classes than two.

    Examples
    --------
    >>> from equipoise.weights.snippets import weight_code
    >>> print(weight_code(["ham", "spam"], [0.577, 3.731])["bce"])
    import torch
    <BLANKLINE>
    # targets: 1.0 for 'spam', 0.0 for 'ham'
    loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor([6.4662]))
    """
    numbers = np.asarray(weights, dtype=np.float64).tolist()
    by_code = "".join(
        f"    {_number(w)},  # {code}: {_comment(label)}\n"
        for code, (label, w) in enumerate(zip(labels, numbers, strict=True))
    )
    by_label = "".join(
        f"    {_literal(label)}: {_number(w)},\n" for label, w in zip(labels, numbers, strict=True)
    )
    out = {
        "pytorch": f"import torch\n\nweight = [\n{by_code}]\n"
        "loss = torch.nn.CrossEntropyLoss(weight=torch.tensor(weight))",
        "trainer": "from equipoise.integrations.hf import trainer_loss\n"
        f"from equipoise.losses import WeightedCrossEntropy\n\nweight = [\n{by_code}]\n"
        "loss = trainer_loss(WeightedCrossEntropy(weight=weight))\n"
        "# Trainer(..., compute_loss_func=loss)",
        "sklearn": "from sklearn.linear_model import LogisticRegression\n\n"
        f"class_weight = {{\n{by_label}}}\n"
        "model = LogisticRegression(class_weight=class_weight)",
        "lightgbm": f"from lightgbm import LGBMClassifier\n\nclass_weight = {{\n{by_label}}}\n"
        "model = LGBMClassifier(class_weight=class_weight)\n"
        "# or model.fit(X, y, sample_weight=[class_weight[label] for label in y])",
    }
    if len(labels) == 2:
        texts = [_comment(label) for label in labels]
        other = 1 - positive
        out["bce"] = (
            f"import torch\n\n# targets: 1.0 for {texts[positive]}, 0.0 for {texts[other]}\n"
            "loss = torch.nn.BCEWithLogitsLoss("
            f"pos_weight=torch.tensor([{_number(numbers[positive] / numbers[other])}]))"
        )
        # LightGBM sorts the labels itself: to it the positive class is always the second.
        out["lightgbm"] += (
            f"\n# or scale_pos_weight={_number(numbers[1] / numbers[0])}, of {texts[1]} (code 1), which "
            "starts from the unweighted prior"
        )
    return {name: out[name] for name in SNIPPETS if name in out}


def _number(value: float) -> str:
    return repr(float(f"{value:.6g}"))


def _literal(label: Any) -> str:
    return repr(float(label) if isinstance(label, Decimal) else label)


def _comment(label: Any) -> str:
    # The literal of a text has neither line ends nor signs that steer a terminal.
    text = _literal(label)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
