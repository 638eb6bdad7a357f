"""Which layer of a network gives the logits."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from torch import nn

from equipoise.errors import UsageError

__all__ = ["last_layer", "other_owners"]

# Names that libraries give the module whose output is the logits.
_HINTS = frozenset(
    [
        "classifier",
        "classification_head",
        "score",
        "scores",
        "head",
        "heads",
        "fc",
        "logits_proj",
        "out_proj",
        "lm_head",
        "linear",
        "out",
        "output",
        "logits",
    ]
)
# Names of wrappers that hold the whole network.
_WRAPPERS = frozenset({"module", "_orig_mod", "base_model", "model"})


def last_layer(
    model: nn.Module,
    width: int | Collection[int] | None = None,
    *,
    head: nn.Module | str | None = None,
) -> tuple[str, nn.Module]:
    """Find the linear layer whose output is the logits.

    Looked for in turn: the layers of the right width; among them the one below a module that is
    named as heads are (``classifier``, ``score``, ``head``, ``fc``, ``out_proj`` and the like) at
    the top of the network; else the last layer of an ``nn.Sequential``; else the only one.

    Parameters
    ----------
    model : nn.Module
        Wrapped or not (data parallel, compiled, adapters).
    width : int or several, default=None
        Allowed numbers of outputs. By default ``model.config.num_labels``, where there is one.
    head : nn.Module or str, default=None
        The layer itself or its dotted name, which ends the search.

    Returns
    -------
    name : str
        Dotted name of the layer; empty where it is not inside the model.
    layer : nn.Module
        With ``weight`` of shape (outputs, inputs, ...).

    Raises
    ------
    UsageError
        No layer fits, or several do: the message names them.

    Examples
    --------
    >>> from torch import nn
    >>> from equipoise.schedules import last_layer
    >>> last_layer(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3)), width=3)
    ('2', Linear(in_features=8, out_features=3, bias=True))
    """
    if not isinstance(model, nn.Module):
        raise UsageError(f"{type(model).__name__} is no nn.Module", remedy="pass the network")
    if head is not None:
        return _given(model, head)
    layers = {
        name: module
        for name, module in model.named_modules()
        # Adapters keep the layer as it was beside the one that is trained.
        if isinstance(module, nn.Linear) and "original_module" not in name.split(".")
    }
    widths = _widths(model, width)
    fitting = {n: m for n, m in layers.items() if widths is None or m.out_features in widths}
    if not fitting:
        asked = "" if widths is None else f" with {_either(widths)} outputs"
        raise UsageError(
            f"{type(model).__name__} has no linear layer{asked}: {_listed(layers) or 'none at all'}",
            remedy="check the number of classes, or name the layer, as in head='classifier'",
        )
    hinted = {name: m for name, m in fitting.items() if _top(name) in _HINTS}
    chosen = hinted or fitting
    if len(chosen) > 1:
        chosen = _last_in_line(model, chosen)
    if len(chosen) > 1:
        raise UsageError(
            f"{len(chosen)} layers of {type(model).__name__} could be the head: {_listed(chosen)}",
            remedy=f"name it, as in head={list(chosen)[-1]!r}",
        )
    name = next(iter(chosen))
    if isinstance(model, nn.Sequential) and name != list(layers)[-1]:
        end = list(layers)[-1]
        raise UsageError(
            f"the last linear layer, {_listed({end: layers[end]})}, does not have "
            f"{_either(widths or set())} outputs",
            remedy=f"check the number of classes, or name the layer, as in head={name!r}",
        )
    return name, chosen[name]


def other_owners(model: nn.Module, weight: torch.Tensor) -> list[str]:
    """Name the parameters of the model that are this one, where there is more than one."""
    names = [n for n, one in model.named_parameters(remove_duplicate=False) if one is weight]
    return names if len(names) > 1 else []


def _given(model: nn.Module, head: nn.Module | str) -> tuple[str, nn.Module]:
    if isinstance(head, str):
        try:
            layer = model.get_submodule(head)
        except AttributeError:
            linear = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear)}
            raise UsageError(
                f"{type(model).__name__} has no module {head!r}",
                remedy=f"name one of its layers: {_listed(linear)}",
            ) from None
        name = head
    else:
        layer = head
        name = next((n for n, module in model.named_modules() if module is head), "")
    weight = getattr(layer, "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.ndim < 2:
        inner = [n for n, module in layer.named_modules() if isinstance(module, nn.Linear)]
        prefix = f"{name}." if name else ""
        hint = f"name the layer inside it, as in head={prefix + inner[-1]!r}" if inner else ""
        raise UsageError(
            f"the head {name or type(layer).__name__!r} has no weight of outputs by inputs",
            remedy=hint or "pass the linear layer that gives the logits",
        )
    return name, layer


def _widths(model: nn.Module, width: int | Collection[int] | None) -> set[int] | None:
    if width is None:
        width = getattr(getattr(model, "config", None), "num_labels", None)
    if width is None:
        return None
    return {width} if isinstance(width, int) else set(width)


def _top(name: str) -> str:
    parts = name.split(".")
    while len(parts) > 1 and parts[0] in _WRAPPERS:
        parts = parts[1:]
    return parts[0]


def _last_in_line(model: nn.Module, layers: dict[str, Any]) -> dict[str, Any]:
    """Keep the last of layers that follow one another for sure, else all of them."""
    names = list(layers)
    parents = {name.rpartition(".")[0] for name in names}
    if len(parents) == 1:
        parent = parents.pop()
        if isinstance(model.get_submodule(parent), nn.Sequential):
            return {names[-1]: layers[names[-1]]}
        # What these heads call the layer after their own hidden one.
        last = [name for name in names if name.rpartition(".")[2] in ("out_proj", "fc")]
        if parent and len(last) == 1:
            return {last[0]: layers[last[0]]}
    if isinstance(model, nn.Sequential) and _top(names[-1]) == list(model._modules)[-1]:
        ending = [name for name in names if _top(name) == _top(names[-1])]
        if len(ending) == 1:
            return {ending[0]: layers[ending[0]]}
    return layers


def _either(widths: Collection[int]) -> str:
    return " or ".join(str(width) for width in sorted(widths))


def _listed(layers: dict[str, Any]) -> str:
    shown = [f"{name} ({layer.out_features} outputs)" for name, layer in layers.items()]
    return ", ".join(shown if len(shown) <= 8 else ["...", *shown[-8:]])
