"""Rescale the last layer of a trained network, so that rare classes reach as far as frequent ones."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from equipoise.errors import UsageError
from equipoise.schedules.layers import last_layer, other_owners
from equipoise.weights.ranges import check_number
from equipoise.weights.reading import read_codes

__all__ = ["learn_scales", "tau_normalise"]


def tau_normalise(
    model: nn.Module,
    tau: float = 1.0,
    *,
    bias: Literal["zero", "keep"] = "zero",
    head: nn.Module | str | None = None,
) -> nn.Module:
    r"""Divide the weights of each class by a power of their norm.

    :math:`w_c \leftarrow w_c / \lVert w_c \rVert^\tau`. Training on imbalanced rows leaves frequent
    classes with larger norms; at 1 all norms are 1, at 0 they stay. Values between are chosen on
    rows held out from training.

    Parameters
    ----------
    model : nn.Module
        A trained network or its last layer, changed in place.
    tau : float, default=1.0
        Power of the norm, 0 or more.
    bias : {"zero", "keep"}, default="zero"
        The paper leaves the bias out, whatever tau is: it holds much of the prior. With ``"keep"``
        it stays, and tau 0 changes nothing.
    head : nn.Module or str, default=None
        The layer, where :func:`last_layer` cannot tell.

    Returns
    -------
    nn.Module
        The layer.

    Raises
    ------
    UsageError
        The layer is not found, has a single output or a class without weights; or tau cannot be used.

    Notes
    -----
    This is no shift of the prior: probabilities after it need calibration.

    References
    ----------
    B. Kang, S. Xie, M. Rohrbach, Z. Yan, A. Gordo, J. Feng and Y. Kalantidis, "Decoupling
    Representation and Classifier for Long-Tailed Recognition", ICLR 2020.

    Examples
    --------
    >>> import torch
    >>> from equipoise.schedules import tau_normalise
    >>> layer = tau_normalise(torch.nn.Linear(4, 3), tau=1.0)
    >>> bool(layer.weight.norm(dim=1).allclose(torch.ones(3)))
    True
    """
    tau = check_number("tau", tau, remedy="pass a value such as 0.5 or 1")
    if bias not in ("zero", "keep"):
        raise UsageError(f"bias={bias!r} is unknown", remedy="use 'zero' or 'keep'")
    _, layer, weight = _weights(model, head)
    norms = weight.detach().cpu().double().flatten(1).norm(dim=1)
    if not (norms > 0).all():
        c = int(norms.argmin())
        raise UsageError(
            f"all weights of class {c} are 0, so there is no norm to divide by",
            remedy="train the layer first",
        )
    with torch.no_grad():
        _scale(weight, norms**-tau)
        if bias == "zero" and isinstance(layer.bias, Tensor):
            layer.bias.zero_()
    return layer


def learn_scales(
    model: nn.Module,
    features: Tensor,
    labels: Any,
    *,
    penalty: float = 1e-3,
    steps: int = 100,
    head: nn.Module | str | None = None,
) -> Tensor:
    r"""Learn one factor per class for the outputs of the last layer.

    Weights and bias of class c are multiplied by :math:`s_c`, which minimises the cross-entropy on
    class-balanced rows (learnable weight scaling, LWS). In place of drawing such rows each row
    weighs :math:`1 / n_c`, which is what the draw expects, and the problem, which is convex, is
    solved on all of them at once.

    Parameters
    ----------
    model : nn.Module
        A trained network or its last layer, changed in place.
    features : tensor, shape (n, inputs)
        What the layer is given, as :func:`head_features` returns it.
    labels : tensor, array or list, shape (n,)
        Codes or names of the classes. A class without rows is pushed down like any wrong one.
    penalty : float, default=1e-3
        Factor of the mean of :math:`(s_c - 1)^2`, which keeps the scales finite where the classes
        are separable; the paper has none.
    steps : int, default=100
        The most iterations (L-BFGS).
    head : nn.Module or str, default=None
        The layer, where :func:`last_layer` cannot tell.

    Returns
    -------
    tensor, shape (C,), float64
        The factors, on the CPU.

    Raises
    ------
    UsageError
        The layer is not found or has a single output; features or labels do not fit it.

    References
    ----------
    B. Kang, S. Xie, M. Rohrbach, Z. Yan, A. Gordo, J. Feng and Y. Kalantidis, "Decoupling
    Representation and Classifier for Long-Tailed Recognition", ICLR 2020.

    Examples
    --------
    >>> import torch
    >>> from equipoise.schedules import learn_scales
    >>> layer = torch.nn.Linear(2, 2)
    >>> features = torch.randn(100, 2)
    >>> scales = learn_scales(layer, features, [0] * 90 + [1] * 10)
    >>> scales.shape
    torch.Size([2])
    """
    name, layer, weight = _weights(model, head)
    codes, classes = read_codes(labels)
    if len(classes) > len(weight):
        raise UsageError(
            f"the labels are of {len(classes)} classes, the head has {len(weight)} outputs",
            remedy="pass labels of as many classes, or name the layer in head=",
        )
    if features.ndim != 2 or features.shape != (len(codes), weight.flatten(1).shape[1]):
        raise UsageError(
            f"features of shape {tuple(features.shape)} do not fit {len(codes)} labels and the "
            f"head {name!r} with {weight.flatten(1).shape[1]} inputs",
            remedy="pass what the layer is given, one row per label, as of head_features()",
        )
    penalty = check_number("penalty", penalty, remedy="pass a value such as 0.001")
    y = torch.from_numpy(codes)
    counts = torch.bincount(y, minlength=len(weight)).double()
    row_weight = 1 / (counts[y] * (counts > 0).sum())
    # On the CPU, since not every device has float64.
    bias = layer.bias.detach().cpu().double() if isinstance(layer.bias, Tensor) else None
    logits = functional.linear(
        features.detach().cpu().double(), weight.detach().cpu().double().flatten(1), bias
    )
    scales = torch.ones(len(weight), dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([scales], max_iter=steps, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        solver.zero_grad()
        terms = functional.cross_entropy(logits * scales, y, reduction="none")
        value = (row_weight * terms).sum() + penalty * ((scales - 1) ** 2).mean()
        value.backward()
        return value

    solver.step(objective)
    found = scales.detach()
    with torch.no_grad():
        _scale(weight, found)
        if isinstance(layer.bias, Tensor):
            layer.bias.mul_(found.to(layer.bias))
    return found


def _weights(model: nn.Module, head: nn.Module | str | None) -> tuple[str, nn.Module, nn.Parameter]:
    name, layer = last_layer(model, head=head)
    weight = layer._parameters.get("weight")
    if weight is None:
        raise UsageError(
            f"the weights of the head {name!r} are computed",
            remedy="remove the parametrization of the layer first",
        )
    if len(weight) < 2:
        raise UsageError(
            f"the head {name!r} has a single output, and nothing to compare its weights with",
            remedy="move the threshold instead",
        )
    if owners := other_owners(model, weight):
        raise UsageError(
            f"the weights of the head are also {', '.join(owners)}: scaling changes them all",
            remedy="untie them first",
        )
    return name, layer, weight


def _scale(weight: Tensor, factors: Tensor) -> None:
    weight.copy_(weight.cpu().double() * factors.reshape(-1, *[1] * (weight.ndim - 1)))
