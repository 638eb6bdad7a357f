"""What losses mean for learners, against the modules of the room of losses."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.learners.base import Loss
from equipoise.learners.losses import loss_offset, make_loss, split_alpha

Y = np.repeat([0, 1, 2], [70, 25, 5])


@pytest.mark.parametrize(
    "loss",
    [
        None,
        Loss("focal", {"gamma": 2.0}),
        Loss("balanced-softmax"),
        Loss("logit-adjusted", {"tau": 0.6}),
        Loss("vs", {"gamma": 0.1, "tau": 1.0}),
        Loss("ldam", {"max_margin": 0.5, "s": 30.0}),
    ],
    ids=lambda loss: "plain" if loss is None else loss.name,
)
@pytest.mark.parametrize("n_classes", [3, 4], ids=["all there", "one absent"])
def test_offsets_are_those_of_the_modules(loss, n_classes):
    theirs = make_loss(loss, Y, n_classes).prior_offset
    ours = loss_offset(loss, Y, n_classes)
    if theirs is None:
        assert not ours.any()
    else:
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


def test_alpha_is_a_weight_of_the_classes():
    loss = Loss("focal", {"gamma": 1.5, "alpha": 0.8})
    rest, weights = split_alpha(loss, (Y > 1).astype(np.int64), 2)
    assert rest.name == "focal"
    assert dict(rest.values) == {"gamma": 1.5}
    np.testing.assert_allclose(weights, [0.2, 0.8])
    np.testing.assert_allclose(split_alpha(loss, (Y < 2).astype(np.int64), 2)[1], [0.8, 0.2])
    np.testing.assert_allclose(split_alpha(loss, Y, 3)[1], [0.2, 0.5, 0.8])
    assert split_alpha(Loss("vs"), Y, 3) == (Loss("vs"), None)
