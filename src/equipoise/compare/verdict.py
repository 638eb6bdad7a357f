"""From judged candidates to a verdict: who is tied with the best, and which one to use."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from equipoise.compare.journal import Record
from equipoise.compare.judging import Candidate, Judge, Value
from equipoise.decisions.decision import DECISIONS
from equipoise.decisions.numbers import NUMBER_DECISIONS
from equipoise.errors import DataError
from equipoise.stats.multiple import holm
from equipoise.stats.paired import Difference, paired_difference
from equipoise.stats.picking import picking_corrected
from equipoise.stats.verdict import tied_with_best

__all__ = ["Ranked", "Verdict", "baseline_of", "reach_verdict"]

_LEARNER_ORDER = {
    "linear": 0,
    "embedding": 1,
    "forest": 1,
    "boosting": 2,
    "ensemble": 2,
    "mlp": 3,
    "transformer": 4,
}
_ALPHA = 0.05
_DECISION_ORDER = (*DECISIONS, *NUMBER_DECISIONS)


@dataclass
class Ranked:
    """A candidate in the leaderboard."""

    candidate: Candidate
    baseline: str
    difference: Difference | None  # to its baseline, on the metric of choice; None for a baseline
    tied: bool
    p_best: float

    @property
    def decision_alone(self) -> bool:
        """Whether it is trained as its baseline is, and only decides otherwise."""
        return self.baseline.rpartition("/")[0] == self.candidate.part.id


@dataclass
class Verdict:
    """The outcome of a trial before it is put into words."""

    ranked: list[Ranked]
    best: Ranked
    recommended: Ranked
    baseline: Ranked
    tied: list[Ranked]
    gap: Difference | None  # best minus recommended, before any correction; None where they are one
    picked: Value
    nothing_needed: bool
    threshold_enough: bool
    metric_of_labels: bool
    detectable: float  # difference to a baseline that the corrected test sees four times in five

    @property
    def competitors(self) -> int:
        """How many differ in what the metric looks at."""
        return _distinct(self.ranked, self.metric_of_labels)

    @property
    def tied_competitors(self) -> int:
        """How many of them are tied with the best, itself among them."""
        return _distinct(self.tied, self.metric_of_labels)

    @property
    def by_id(self) -> dict[str, Ranked]:
        """The leaderboard by the names of its candidates."""
        return {one.candidate.id: one for one in self.ranked}


def _distinct(ranked: list[Ranked], by_label: bool) -> int:
    return len({one.candidate.id if by_label else one.candidate.part.id for one in ranked})


def baseline_of(candidate: Candidate, ids: set[str], plain: str = "argmax") -> str:
    """Name the untreated candidate that ``candidate`` is compared with: same learner, ``plain`` decision.

    An ensemble made for imbalance is compared with the untreated ensemble of its size.
    """
    strategy = candidate.part.strategy
    if not strategy.is_ensemble:
        return f"{candidate.part.learner.name}/untreated/{plain}"
    own = f"ensemble/{strategy.control or strategy.name}/{plain}"
    if own in ids or not ids:
        return own
    rest = sorted(one for one in ids if one.endswith(f"/untreated/{plain}"))
    return rest[0] if rest else own


def reach_verdict(
    judge: Judge, candidates: list[Candidate], records: dict[str, list[Record]]
) -> Verdict:
    """Rank the candidates, test them, and choose by the protocol; ``records`` say why there are none.

    Raises
    ------
    DataError
        If no candidate could be trained on every fold.
    """
    if not candidates:
        raise _nothing_trained(judge, records)
    name, sign = judge.metric.name, judge.metric.sign
    if not judge.decides:
        candidates = _one_per_part(judge, candidates)
    ids = {one.id for one in candidates}
    ranked = [_against_baseline(one, candidates, ids, judge) for one in candidates]
    _correct_families(ranked)
    tested = [one for one in ranked if one.difference is not None]
    best_at, p_best, tied = tied_with_best(
        np.array([one.folds[name] for one in candidates]),
        np.array([one.draws[name] for one in candidates]),
        sign=sign,
        alpha=_ALPHA,
        estimates=np.array([one.metrics[name].mean for one in candidates]),
        **judge.design,
    )
    for one, p, same in zip(ranked, p_best, tied, strict=True):
        one.p_best, one.tied = float(p), bool(same)
    best = ranked[best_at]
    ranked.sort(key=lambda one: (-_gain(one, name, sign), *_cost(one)))
    # Being tied is no chain: one that is tied with the best may be shown worse than another that is.
    beaten = {one.baseline for one in ranked if one.tied and _shown_better(one, sign)}
    among = sorted((one for one in ranked if one.tied), key=_cost)
    among = [one for one in among if one.candidate.id not in beaten] or among
    recommended = among[0]
    if not judge.decides:
        recommended = _with_preferred_decision(recommended, among, judge)
    untreated = [one for one in ranked if one.difference is None]
    same = [one for one in untreated if one.candidate.id == recommended.baseline]
    picked = picking_corrected(
        np.array([one.draws[name] for one in candidates]),
        np.array([one.left_out[name] for one in candidates]),
        sign,
        estimates=np.array([one.metrics[name].mean for one in candidates]),
    )
    plain = recommended.candidate.part.strategy.name == "untreated"
    errors = [
        one.difference.standard_error
        for one in tested
        if one.difference is not None and one.difference.standard_error > 1e-12
    ]
    return Verdict(
        ranked,
        best,
        recommended,
        (same or untreated or [recommended])[0],
        [one for one in ranked if one.tied],
        None if recommended is best else _difference(best.candidate, recommended.candidate, judge),
        Value(*picked),
        plain and recommended.candidate.decision.name == judge.plain,
        plain and recommended.candidate.decision.name != judge.plain,
        judge.decides,
        _detectable(errors),
    )


def _nothing_trained(judge: Judge, records: dict[str, list[Record]]) -> DataError:
    """Say what stood in the way most often."""
    told = [(one.why_not, one.remedy) for some in records.values() for one in some if one.why_not]
    trained = sum(map(len, records.values()))
    if not told:  # the plan has nothing but what it leaves out
        told = [(one.why_not, None) for one in judge.plan.left_out] or [
            ("none was asked for", None)
        ]
        trained = len(told)
    (why, remedy), often = Counter(told).most_common(1)[0]
    return DataError(
        f"no strategy could be trained on every fold; in {often:,} of {trained:,} cases: {why}",
        remedy=remedy or "see to that, or use another learner",
    )


def _gain(one: Ranked, name: str, sign: int) -> float:
    """Return what is larger where it is better; what has no value is worst."""
    value = one.candidate.metrics[name].mean
    return sign * value if np.isfinite(value) else -np.inf


def _cost(one: Ranked) -> tuple[float, ...]:
    """Order from simplest and cheapest; seconds are left out, as they differ from run to run."""
    candidate = one.candidate
    return (
        candidate.part.strategy.simplicity,
        _DECISION_ORDER.index(candidate.decision.name),
        _LEARNER_ORDER.get(candidate.part.learner.name.partition("-")[0], 1),
    )


def _detectable(errors: list[float]) -> float:
    if not errors:
        return float("nan")
    # The first step of Holm's method is Bonferroni's; power of four in five is 0.84 more.
    needed = float(ndtri(1 - _ALPHA / 2 / len(errors)) + ndtri(0.8))
    return needed * float(np.median(errors))


def _correct_families(ranked: list[Ranked]) -> None:
    """Correct for the number of comparisons: of decisions alone, which cost no training, and of treatments."""
    for decision_alone in (True, False):
        family = [
            one
            for one in ranked
            if one.difference is not None and one.decision_alone == decision_alone
        ]
        p = holm(np.array([one.difference.p for one in family if one.difference is not None]))
        for one, corrected in zip(family, p, strict=True):
            assert one.difference is not None
            one.difference = replace(one.difference, p_corrected=float(corrected))


def _shown_better(one: Ranked, sign: int) -> bool:
    difference = one.difference
    if difference is None or difference.p_corrected is None:
        return False
    return difference.p_corrected <= _ALPHA and sign * difference.mean > 0


def _against_baseline(
    one: Candidate, candidates: list[Candidate], ids: set[str], judge: Judge
) -> Ranked:
    base = baseline_of(one, ids, judge.plain)
    found = next((other for other in candidates if other.id == base), None)
    same = found is not None and not judge.decides and found.part.id == one.part.id
    if found is None or found is one or same:  # scores do not depend on the decision
        return Ranked(one, base, None, False, np.nan)
    return Ranked(one, base, _difference(one, found, judge), False, np.nan)


def _difference(one: Candidate, other: Candidate, judge: Judge) -> Difference:
    name = judge.metric.name
    return paired_difference(
        one.folds[name],
        other.folds[name],
        boot_a=one.draws[name],
        boot_b=other.draws[name],
        estimate=one.metrics[name].mean - other.metrics[name].mean,
        **judge.design,
    )


def _one_per_part(judge: Judge, candidates: list[Candidate]) -> list[Candidate]:
    """Keep one decision for each part where the metric looks at scores, which decisions share.

    It is the simplest decision whose labels cannot be told apart from the best ones by the metric of
    labels. Baselines keep the plain one as well.
    """
    out: list[Candidate] = []
    for part in dict.fromkeys(one.part.id for one in candidates):
        group = [one for one in candidates if one.part.id == part]
        keep = {_preferred(judge, group).decision.name}
        strategy = group[0].part.strategy
        if strategy.name == "untreated" or (strategy.is_ensemble and strategy.control is None):
            keep.add(judge.plain)
        out += [one for one in group if one.decision.name in keep]
    return out


def _preferred(judge: Judge, group: list[Candidate]) -> Candidate:
    name = judge.label_metric.name
    best, _, tied = tied_with_best(
        np.array([one.folds[name] for one in group]),
        np.array([one.draws[name] for one in group]),
        sign=judge.label_metric.sign,
        alpha=_ALPHA,
        estimates=np.array([one.metrics[name].mean for one in group]),
        **judge.design,
    )
    among = [one for one, same in zip(group, tied, strict=True) if same] or [group[best]]
    return min(among, key=lambda one: _DECISION_ORDER.index(one.decision.name))


def _with_preferred_decision(one: Ranked, among: list[Ranked], judge: Judge) -> Ranked:
    part = one.candidate.part.id
    same = [other for other in among if other.candidate.part.id == part]
    preferred = _preferred(judge, [other.candidate for other in same])
    return next(other for other in same if other.candidate is preferred)
