"""Callbacks that tell schedules and samplers how far training is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transformers.trainer_callback import TrainerCallback

from equipoise.errors import UsageError
from equipoise.integrations.hf.metrics import compute_metrics

__all__ = ["DynamicSamplingCallback", "ScheduleCallback", "epoch_of"]


def epoch_of(state: Any) -> int:
    """Return the number of the running epoch, from 0; also within one that was resumed."""
    # Epochs are counted in fractions of their steps, which may fall short of a whole by rounding.
    return math.floor((state.epoch or 0.0) + 1e-6)


class ScheduleCallback(TrainerCallback):
    """Tell a schedule the epoch at the beginning of each.

    Works with ``transformers.Trainer`` and with :class:`ImbalanceTrainer`, and after a resumed
    start: the epoch is read from the state of the training.

    Parameters
    ----------
    schedule : object
        With a method ``on_epoch_start(epoch)``, as all schedules of ``equipoise.schedules`` have, or
        ``set_epoch(epoch)``, as samplers have; or a function of the epoch.

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
        named = [getattr(schedule, name, None) for name in ("on_epoch_start", "set_epoch")]
        method = next((one for one in [*named, schedule] if callable(one)), None)
        if method is None:
            raise UsageError(
                f"{type(schedule).__name__} cannot be told the epoch",
                remedy="pass an object with on_epoch_start(epoch), or a function of the epoch",
            )
        self.schedule = schedule
        self._tell = method

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the epoch."""
        self._tell(epoch_of(state))


class DynamicSamplingCallback(TrainerCallback):
    """Let a sampler draw more of the classes whose F1 was low in the evaluations so far.

    Before each epoch the F1 of every class in the evaluations of the epochs before goes to
    ``sampler.update``. The rows of these evaluations steer the training: judge the model on
    others. What was evaluated is read from the log of the run, so that a resumed run draws what it
    would have drawn.

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
        The sampler has no ``update``; when training begins, it is without evaluations, or an
        :class:`ImbalanceTrainer` whose evaluations cannot report what is followed; or, at an
        evaluation, there is no F1 of each class.

    References
    ----------
    Pouyanfar, S. et al. (2018). Dynamic sampling in convolutional neural networks for imbalanced
    data classification. MIPR.

    Examples
    --------
    >>> from transformers import TrainerState
    >>> from equipoise.integrations.hf import DynamicSamplingCallback
    >>> from equipoise.schedules import DynamicSampler
    >>> sampler = DynamicSampler([0] * 90 + [1] * 10, smoothing=0, floor=0)
    >>> callback = DynamicSamplingCallback(sampler)
    >>> log = [{"epoch": 1.0, "eval_f1_0": 0.9, "eval_f1_1": 0.6}]
    >>> callback.on_epoch_begin(None, TrainerState(epoch=1.0, log_history=log), None)
    >>> sampler.shares.numpy().round(2)
    array([0.2, 0.8])
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
        self._begun = sampler.state_dict() if hasattr(sampler, "state_dict") else None
        self._followed = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Put the sampler back to where it was, for all updates are in the log."""
        if getattr(args, "eval_strategy", None) == "no":
            raise UsageError(
                "the sampler follows evaluations, and with eval_strategy='no' there are none",
                remedy="set eval_strategy='epoch', and pass an eval_dataset",
            )
        if self._begun is not None:
            self.sampler.load_state_dict(self._begun)
            self._followed = 0

    def check(self, metrics: Any, dataset: Any) -> None:
        """Refuse ``compute_metrics`` and ``eval_dataset`` of a Trainer that cannot report what is followed.

        Of a function that is not :func:`compute_metrics` nothing is known before it is called.
        """
        several = dataset if isinstance(dataset, dict) else None
        prefixes = ["eval"] if several is None else [f"eval_{name}" for name in several]
        if self.prefix not in prefixes:
            raise UsageError(
                f"prefix={self.prefix!r} is of no evaluation of this Trainer",
                remedy=f"use prefix={prefixes[0]!r}" if prefixes else "pass an eval_dataset",
            )
        ours = getattr(metrics, "func", metrics) is compute_metrics
        if metrics is not None and not (ours and hasattr(self.sampler, "classes")):
            return
        names: Any = getattr(metrics, "keywords", {}).get("classes")
        if names is None:
            names = [] if metrics is None else range(len(self.sampler.classes))
        reported = [f"{self.prefix}_f1_{name}" for name in names]
        if any(key not in reported for key in self.keys or [f"{self.prefix}_f1_0"]):
            raise self._lack(reported)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Hand the F1 of every class in the evaluations before this epoch to the sampler."""
        # Those of the running epoch, which a resumed run begins anew, are for the next.
        before = epoch_of(state) + 1e-6
        logged = [entry for entry in state.log_history if entry.get("epoch", 0.0) <= before]
        scores = [read for entry in logged if (read := self._read(entry)) is not None]
        for one in scores[self._followed :]:
            self.sampler.update(one)
        self._followed = max(self._followed, len(scores))

    def on_evaluate(
        self,
        args: Any,
        state: Any,
        control: Any,
        metrics: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Make sure that the evaluation holds what is needed."""
        known = metrics or {}
        if self._read(known) is None and any(key.startswith(f"{self.prefix}_") for key in known):
            raise self._lack(known)

    def _lack(self, reported: Iterable[str]) -> UsageError:
        wanted = ", ".join(self.keys or [f"{self.prefix}_f1_0", "..."])
        return UsageError(
            f"the evaluation reports no {wanted}, but {', '.join(reported) or 'no F1'}",
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
