"""What a loss takes, and what may be done with it: saved, cast, exported."""

from __future__ import annotations

import copy
import io
import warnings
from typing import Any

from equipoise.testing.loss_values import Batch, like
from equipoise.testing.tables import promise, refusal

__all__ = [
    "check_exports",
    "check_input_is_left_alone",
    "check_kinds_of_targets",
    "check_refusals",
    "check_state",
]


def check_input_is_left_alone(loss: Any, batch: Batch) -> None:
    """Write to neither logits nor targets nor weights."""
    target, _ = batch.with_ignored(loss)
    given = (batch.logits.clone(), target.clone(), batch.weight.clone())
    loss(given[0], given[1], sample_weight=given[2])
    same = all(map(batch.torch.equal, given, (batch.logits, target, batch.weight)))
    promise(same, "an argument was changed")


def check_state(loss: Any, batch: Batch) -> None:
    """Be the same after copying, saving, loading, and a cast of the model to half."""
    torch = batch.torch
    expected = loss.terms(batch.logits, batch.target)
    file = io.BytesIO()
    torch.save(loss.state_dict(), file)
    file.seek(0)
    other = copy.deepcopy(loss)
    other.load_state_dict(torch.load(file, weights_only=True))
    like(other.terms(batch.logits, batch.target), expected, "after a state_dict")
    like(other.half().terms(batch.logits, batch.target), expected, "after half()", tolerance=1e-6)
    file = io.BytesIO()
    torch.save(loss, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    like(again.terms(batch.logits, batch.target), expected, "after pickling")


def check_exports(loss: Any, batch: Batch) -> None:
    """Be a graph that torch.export can take down, without a warning."""
    torch = batch.torch
    target, _ = batch.with_ignored(loss)
    given = (batch.logits.float(), target)
    expected = loss(*given)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = torch.export.export(loss, given).module()
        like(graph(*given), expected, "the exported loss", tolerance=1e-5)


def check_kinds_of_targets(loss: Any, batch: Batch) -> None:
    """Take int32 codes, bool labels, one column as (N, 1) and (N,), and items in more dimensions."""
    torch, target = batch.torch, batch.target
    expected = loss.terms(batch.logits, target)
    if batch.kind == "classes":
        like(loss.terms(batch.logits, target.int()), expected, "int32 codes")
        deep = batch.logits.reshape(8, 4, -1).movedim(2, 1)
        got = loss.terms(deep, target.reshape(8, 4))
        like(got, expected.reshape(8, 4), "logits (N, C, d)")
    else:
        like(loss.terms(batch.logits, target.bool()), expected, "bool labels")
        like(loss.terms(batch.logits, target.long()), expected, "integer labels")
        if batch.n_classes == 1:
            got = loss.terms(batch.logits[:, 0], target[:, 0])
            like(got, expected[:, 0], "logits (N,)")
            like(loss.terms(batch.logits, target[:, 0]), expected, "labels (N,)")
    promise(bool(torch.isfinite(expected).all()), "terms are not finite")


def check_refusals(loss: Any, batch: Batch) -> None:
    """Refuse targets that do not fit the logits, and say which."""
    torch, shape = batch.torch, str(tuple(batch.logits.shape))
    refusal(lambda: loss(batch.logits, batch.target[:-1]), "too few targets", naming=(shape,))
    refusal(lambda: loss(batch.logits.long(), batch.target), "integer logits")
    wrong = batch.target.clone()
    if batch.kind == "classes":
        for code in (batch.n_classes, -1):
            wrong[3] = code
            refusal(lambda: loss(batch.logits, wrong), "a code out of range", naming=(str(code),))
        refusal(lambda: loss(batch.logits, torch.zeros(batch.logits.shape)), "one-hot targets")
    else:
        wrong[3] = 2
        refusal(lambda: loss(batch.logits, wrong), "a label of 2", naming=("2",))
