"""Which learners suit the data and the time, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from equipoise.errors import UsageError
from equipoise.learners.base import Learner
from equipoise.learners.boosting import Boosting
from equipoise.learners.custom import Custom
from equipoise.learners.embedding import Embedding
from equipoise.learners.ensemble import ENSEMBLES, Ensemble
from equipoise.learners.forest import Forest
from equipoise.learners.linear import Linear
from equipoise.learners.mlp import Mlp
from equipoise.learners.transformer import Transformer

__all__ = ["LEARNERS", "Choice", "choose_learners", "fit_seconds", "get_learner"]

LEARNERS: dict[str, Callable[[], Learner]] = {
    "linear": Linear,
    "forest": Forest,
    "boosting": Boosting,
    "embedding": Embedding,
    "mlp": Mlp,
    "transformer": Transformer,
}

_FOREST_ROWS = 15_000
_ENSEMBLE_ROWS = 60_000
_COLUMNS_OF_TEXT = 50  # the components that are made of the words


@dataclass(frozen=True)
class Choice:
    """A learner in the trial and the reason that it is there; ``name`` may be ``"ensemble"``.

    ``minutes`` are those of one fit on one core, estimated from the size, of learners that take long.
    """

    name: str
    why: str
    learner: Learner | None  # None for "ensemble", whose members are strategies
    minutes: float = 0.0


def get_learner(name: str, strategy: str = "untreated") -> Learner:
    """Return the learner called ``name``; for ``"ensemble"`` the one that ``strategy`` names."""
    if name == "ensemble":
        return Ensemble(strategy)
    if name in LEARNERS:
        return LEARNERS[name]()
    kind, _, model = name.partition(":")
    if kind == Transformer.name and model:
        return Transformer(model)
    near = get_close_matches(name, [*LEARNERS, "ensemble"], 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"there is no learner {name!r}",
        remedy=f"{hint}use {', '.join(LEARNERS)}, ensemble or auto",
    )


def choose_learners(asked: Any, rows: int, columns: int, has_text: bool) -> list[Choice]:
    """Resolve ``learner=``: ``"auto"``, a name, names joined by commas, estimators, or a list."""
    if isinstance(asked, str):
        asked = [part.strip() for part in asked.split(",") if part.strip()]
    elif not isinstance(asked, Sequence):
        asked = [asked]
    out: list[Choice] = []
    size = columns + _COLUMNS_OF_TEXT * has_text
    for one in asked:
        if one == "auto":
            found = _automatic(rows, columns, has_text)
        elif one == "ensemble":
            found = [Choice("ensemble", "asked for", None)]
        elif isinstance(one, str):
            found = [_checked(get_learner(one), "asked for", rows, size, out)]
        elif isinstance(one, Transformer):
            found = [_checked(one, "given", rows, size, out)]
        else:
            custom = Custom.of(one)
            alike = [c.learner for c in out if isinstance(c.learner, Custom)]
            if custom.digest in {other.digest for other in alike}:
                continue
            same = sum(type(other.estimator) is type(one) for other in alike)
            if same:
                custom = custom.called(f"{custom.name}-{same + 1}")
            found = [Choice(custom.name, "given", custom)]
        out += [choice for choice in found if choice.name not in {c.name for c in out}]
    if not out:
        raise UsageError("no learner was given", remedy="use learner='auto' or 'linear'")
    return out


def _checked(
    learner: Learner, why: str, rows: int, columns: int, others: Sequence[Choice]
) -> Choice:
    if isinstance(learner, (Embedding, Mlp, Transformer)):
        learner.check()  # before the first fit, not in the midst of them
    if isinstance(learner, Mlp):
        return Choice(learner.name, why, learner, fit_seconds(Mlp.name, rows, columns) / 60)
    if not isinstance(learner, Transformer):
        return Choice(learner.name, why, learner)
    alike = [one.learner for one in others if isinstance(one.learner, Transformer)]
    if alike and learner.digest not in {one.digest for one in alike}:
        learner = learner.called(f"{learner.name}-{len(alike) + 1}")
    minutes = fit_seconds(Transformer.name, rows, 1) * learner.epochs / 60
    about = "a minute" if minutes < 1.5 else f"{minutes:,.0f} minutes"
    return Choice(learner.name, f"{why}; about {about} a fit on one core", learner, minutes)


def _automatic(rows: int, columns: int, has_text: bool) -> list[Choice]:
    linear = "fast, and the reference for whatever is more complex"
    if has_text:
        words = "strong on words, and fast"
        if columns == 0:
            return [Choice("linear", words, Linear())]
        boost = "reads the numbers and categories beside the text"
        return [Choice("linear", words, Linear()), Choice("boosting", boost, Boosting())]
    out = [
        Choice("linear", linear, Linear()),
        Choice("boosting", "usually the strongest on tables of this size", Boosting()),
    ]
    if rows <= _FOREST_ROWS:
        out.append(Choice("forest", "often the strongest on small tables", Forest()))
    if rows <= _ENSEMBLE_ROWS:
        out.append(Choice("ensemble", "ensembles made for imbalance, beside their controls", None))
    return out


_SECONDS_PER_CELL = {
    # Measured on one core for one fit, divided by rows x columns: an order of magnitude, no more.
    "linear": 1.5e-7,
    "forest": 1.2e-5,
    "boosting": 7e-7,
    "embedding": 1e-8,
    "transformer": 6.5e-2,  # for each epoch, of a row as long as a short message, whatever the columns
    "mlp": 2e-5,
    "balanced-random-forest": 3e-6,
    "easy-ensemble": 1e-5,
    "rusboost": 3e-6,
    "balanced-bagging": 1.5e-6,
    "self-paced-ensemble": 2e-6,
    "bagging": 8e-6,
    "adaboost": 1e-5,
}


def fit_seconds(name: str, rows: int, columns: int) -> float:
    """Estimate the seconds of one fit from the size alone, so that plans do not depend on the machine."""
    assert name in _SECONDS_PER_CELL or name not in ENSEMBLES
    return _SECONDS_PER_CELL.get(name, 1e-6) * rows * max(columns, 1)
