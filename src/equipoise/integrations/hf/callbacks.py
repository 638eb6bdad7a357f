"""Callbacks that tell schedules and samplers how far training is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from transformers.trainer_callback import TrainerCallback

from equipoise.errors import UsageError

__all__ = ["DynamicSamplingCallback", "ScheduleCallback", "epoch_of"]


def epoch_of(state: Any) -> int:
    """Return the number of the running epoch, from 0; also within one that was resumed."""
    # Epochs are counted in fractions of their steps, which may fall short of a whole by rounding.
    return math.floor((state.epoch or 0.0) + 1e-6)


class ScheduleCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Tell a schedule the epoch at the beginning of each.

    Works with ``transformers.Trainer`` and with :class:`ImbalanceTrainer`, and after a resumed
    start: the epoch is read from the state of the training.

    Parameters
    ----------
    schedule : object
        With a method ``set_epoch(epoch)``, as the samplers and schedules of
        ``equipoise.schedules`` have; or a function of the epoch.

    Raises
    ------
    UsageError
        It has neither.

    Examples
    --------
    >>> from transformers import TrainerControl, TrainerState, TrainingArguments
    >>> from equipoise.integrations.hf import ScheduleCallback
    >>> callback = ScheduleCallback(lambda epoch: print(f"epoch {epoch}"))
    >>> callback.on_epoch_begin(None, TrainerState(epoch=3.0), TrainerControl())
    epoch 3
    """

    def __init__(self, schedule: Any) -> None:
        method = getattr(schedule, "set_epoch", schedule)
        if not callable(method):
            raise UsageError(
                f"{type(schedule).__name__} cannot be told the epoch",
                remedy="pass an object with set_epoch(epoch), or a function of the epoch",
            )
        self.schedule = schedule
        self._tell = method

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the epoch."""
        self._tell(epoch_of(state))


class DynamicSamplingCallback(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Let a sampler draw more of the classes whose F1 was low in the last evaluation.

    Each evaluation's F1 of every class goes to ``sampler.update``. The rows of that evaluation
    steer the training: judge the model on others. A resumed run repeats the updates that the log
    of its checkpoint holds.

    Parameters
    ----------
    sampler : DynamicSampler
        The sampler that the Trainer draws from.
    classes : sequence of length C, optional
        The names given to :func:`compute_metrics`; by default the codes.
    prefix : str, default "eval"
        Of the keys of the evaluation to follow; "eval_NAME" where ``eval_dataset`` is a dict.

    Raises
    ------
    UsageError
        The sampler has no ``update``; or, at an evaluation, there is no F1 of each class.

    References
    ----------
    Pouyanfar, S. et al. (2018). Dynamic sampling in convolutional neural networks for imbalanced
    data classification. MIPR.

    Examples
    --------
    >>> from equipoise.integrations.hf import DynamicSamplingCallback
    >>> class Printed:
    ...     n_classes = 2
    ...
    ...     def update(self, f1):
    ...         print(f1)
    >>> callback = DynamicSamplingCallback(Printed())
    >>> callback.on_evaluate(None, None, None, metrics={"eval_f1_0": 0.9, "eval_f1_1": 0.2})
    [0.9, 0.2]
    """

    def __init__(
        self, sampler: Any, classes: Sequence[Any] | None = None, *, prefix: str = "eval"
    ) -> None:
        if not callable(getattr(sampler, "update", None)):
            raise UsageError(
                f"{type(sampler).__name__} does not follow evaluations: it has no update",
                remedy="pass a DynamicSampler of equipoise.schedules",
            )
        self.sampler = sampler
        self.prefix = prefix
        self.keys = None if classes is None else [f"{prefix}_f1_{name}" for name in classes]
        self.n_updates = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Repeat the updates of the part of the run before the checkpoint."""
        logged = [entry for entry in state.log_history if self._read(entry) is not None]
        # A run that goes on in the same process has seen some of them.
        for entry in logged[self.n_updates :]:
            self._update(entry)

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, float] | None = None, **kwargs: Any
    ) -> None:
        """Hand the F1 of every class to the sampler."""
        metrics = metrics or {}
        if self._read(metrics) is not None:
            self._update(metrics)
        elif any(key.startswith(f"{self.prefix}_") for key in metrics):
            wanted = ", ".join(self.keys or [f"{self.prefix}_f1_0", "..."])
            raise UsageError(
                f"the evaluation reports no {wanted}, but {', '.join(metrics)}",
                remedy="pass compute_metrics=compute_metrics(classes=...) to the Trainer and the same "
                "classes here, or prefix= the name of the evaluation",
            )

    def _read(self, metrics: Mapping[str, Any]) -> list[float] | None:
        keys = self.keys
        if keys is None:
            found = (f"{self.prefix}_f1_{code}" for code in itertools.count())
            keys = list(itertools.takewhile(metrics.__contains__, found))
        if not keys or any(key not in metrics for key in keys):
            return None
        return [float(metrics[key]) for key in keys]

    def _update(self, metrics: Mapping[str, Any]) -> None:
        scores = self._read(metrics)
        assert scores is not None  # asked for before
        self.sampler.update(scores)
        self.n_updates += 1
