"""The catalogue: every strategy that a trial can try, with its paper."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from equipoise.errors import UsageError
from equipoise.strategies.algorithm_level import ALGORITHM_LEVEL, ENSEMBLES
from equipoise.strategies.data_level import DATA_LEVEL, weigh
from equipoise.strategies.labels import LABEL_STRATEGIES
from equipoise.strategies.numbers import NUMBER_STRATEGIES
from equipoise.strategies.strategy import Strategy, Weights

__all__ = ["CATALOGUE", "find_strategies", "get_strategy"]

CATALOGUE: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in [
        *DATA_LEVEL,
        *ALGORITHM_LEVEL,
        *ENSEMBLES,
        *LABEL_STRATEGIES,
        *NUMBER_STRATEGIES,
    ]
}


def get_strategy(name: str) -> Strategy:
    """Return the strategy called ``name``; ``"weights:a=1,b=10"`` gives weights by hand.

    Raises
    ------
    UsageError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> from equipoise.strategies import get_strategy
    >>> get_strategy("smote").paper
    'Chawla et al. 2002, JAIR'
    """
    if name.startswith("weights:"):
        return _given(name)
    if name in CATALOGUE:
        return CATALOGUE[name]
    near = get_close_matches(name, CATALOGUE, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UsageError(
        f"there is no strategy {name!r}",
        remedy=f"{hint}`equipoise strategies` lists them all",
    )


def _given(name: str) -> Strategy:
    from equipoise.weights import parse_given

    numbers = parse_given(name.removeprefix("weights:"))
    return weigh(
        name, "Given weights", "Weight the classes by hand.", "-", Weights("given", given=numbers)
    )


def find_strategies(asked: str | Iterable[str], task: str | None = None) -> list[Strategy]:
    """Resolve ``strategies=``: ``"default"``, names joined by commas, or a list of names.

    ``"default"`` and ``"all"`` are those for ``task``, where it is given.

    The untreated strategy is always in, since everything is judged against it; so is the control of
    an ensemble.
    """
    if isinstance(asked, str):
        asked = _split(asked)
    made_for = [name for name, one in CATALOGUE.items() if task is None or task in one.tasks]
    names: list[str] = []
    for one in asked:
        names += made_for if one in ("default", "all") else [one]
    if not names:
        raise UsageError("no strategy was given", remedy="use strategies='default' or name some")
    chosen = [CATALOGUE["untreated"], *(get_strategy(name) for name in names)]
    chosen += [CATALOGUE[s.control] for s in chosen if s.control is not None]
    return list({strategy.name: strategy for strategy in chosen}.values())


def _split(text: str) -> list[str]:
    # A comma inside "weights:a=1,b=2" separates numbers, not strategies.
    out: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if out and out[-1].startswith("weights:") and "=" in part and ":" not in part:
            out[-1] += f",{part}"
        elif part:
            out.append(part)
    return out
