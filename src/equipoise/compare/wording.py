"""Put a verdict and the way to it into plain words."""

from __future__ import annotations

import numpy as np

from equipoise.compare.filling import TARGETS
from equipoise.compare.judging import Judge, Value
from equipoise.compare.verdict import Ranked, Verdict
from equipoise.metrics.metric import in_sentence

__all__ = ["headline", "method", "name_of", "reason"]

# With fewer cases of a class than this, what cannot be shown is said before anything else.
_FEW = 50
_DECISIONS = {
    "argmax": "the most probable class",
    "prior-corrected": "the most probable class after prior correction",
    "tuned": "a tuned threshold",
    "min-cost": "the label of least expected cost",
    "mean-corrected": "its mean corrected",
}


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "not defined"
    # Adding 0 takes the sign off what rounds to nothing.
    if abs(value) < 10:
        return f"{round(value, 3) + 0.0:.3f}"
    return f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def _scored(judge: Judge, value: Value) -> str:
    # A title that ends in a number must not run into the next one.
    phrase = judge.metric.phrase
    return f"{phrase}{' =' if phrase[-1].isdigit() else ''} {_interval(value)}"


def _interval(value: Value) -> str:
    return f"{_number(value.mean)}, 95 % interval {_number(value.low)} to {_number(value.high)}"


def _p(p: float | None) -> str:
    if p is None or not np.isfinite(p):
        return "not testable"
    return "below 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _thresholds(judge: Judge) -> str:
    if judge.plan.dataset.task == "multilabel":
        return "the thresholds of the labels"
    return "the threshold" if judge.n_classes == 2 else "the thresholds of the classes"


def name_of(one: Ranked, judge: Judge) -> str:
    """Say a candidate in words: learner, strategy, decision."""
    part, decision = one.candidate.part, one.candidate.decision.name
    learner = part.learner.title_for(TARGETS[judge.plan.dataset.task]).lower()
    if part.strategy.is_ensemble:
        words = part.strategy.title.removesuffix(" (control)")
    elif part.strategy.name == "untreated":
        words = f"{learner} on the untreated data"
    else:
        words = f"{learner} with {in_sentence(part.strategy.title)}"
    if decision == judge.plain:
        return words
    how = _decision(one, judge)
    if decision == "tuned" and (judge.n_classes > 2 or judge.plan.dataset.task == "multilabel"):
        how = "tuned thresholds"
    return f"{words} and {how}"


def _decision(one: Ranked, judge: Judge) -> str:
    words = _DECISIONS[one.candidate.decision.name]
    if judge.plan.dataset.task != "multilabel":
        return words
    return words.replace("the most probable class", "the more probable answer for each label")


def headline(verdict: Verdict, judge: Judge) -> str:
    """Say in one sentence what to do."""
    one = verdict.recommended
    score = _scored(judge, one.candidate.metrics[judge.metric.name])
    if verdict.nothing_needed:
        return f"No treatment is shown to beat {name_of(one, judge)}: use that ({score})."
    if verdict.threshold_enough and judge.plan.dataset.task == "regression":
        return f"Leave the data as they are: use {name_of(one, judge)} ({score})."
    if verdict.threshold_enough:
        return (
            f"Leave the data as they are and move {_thresholds(judge)}: "
            f"use {name_of(one, judge)} ({score})."
        )
    return f"Use {name_of(one, judge)} ({score})."


def reason(verdict: Verdict, judge: Judge) -> str:
    """Say why, with what the trial can and cannot show: a sentence or two on each line."""
    title, name = judge.metric.phrase, judge.metric.name
    one, best = verdict.recommended, verdict.best
    total = verdict.competitors
    others = verdict.tied_competitors - 1
    few = judge.rare < _FEW
    out = [judge.metric.caution, _power(verdict, judge) if few else ""]
    if one is best:
        lead = f"It has the best {title} of {total} candidates"
    else:
        lead = (
            f"The best {title} of {total} candidates is that of {name_of(best, judge)} "
            f"({_interval(best.candidate.metrics[name])})"
        )
    if total == 1:
        out.append("It is the only candidate: nothing was compared.")
    elif others == 0:
        out.append(
            f"{lead}, and every other one is worse by a paired test corrected for {total - 1}."
        )
    else:
        out.append(
            f"{lead}; {others} other{'s' if others > 1 else ''} cannot be told apart from it, and of "
            f"these {others + 1} the recommended one is the simplest."
        )
        out.append(_gap(verdict, judge))
    out.append(_against(verdict, judge))
    out.append(_unproven(verdict, judge))
    if not judge.decides and not verdict.nothing_needed:
        out.append(_labels(verdict, judge))
    out += _shown_better(verdict, judge)
    out.append("" if few else _power(verdict, judge))
    out.append(_picked(verdict, judge))
    out.append(_chosen_before(judge))
    return "\n".join(sentence for sentence in out if sentence)


def _power(verdict: Verdict, judge: Judge) -> str:
    if not np.isfinite(verdict.detectable):
        return ""
    cases = (
        f"{judge.rare:,} independent case{'s' if judge.rare != 1 else ''} {judge.rarest_in_words}"
    )
    only = "only " if judge.rare < _FEW else ""
    return (
        f"With {only}{cases}, and corrected for the number of comparisons, a difference of about "
        f"{_number(verdict.detectable)} would be shown four times in five; smaller ones may go unseen."
    )


def _gap(verdict: Verdict, judge: Judge) -> str:
    gap = verdict.gap
    if gap is None or not np.isfinite(gap.standard_error) or abs(gap.mean) < 1e-12:
        return ""
    sign = judge.metric.sign
    low, high = sorted((sign * gap.low, sign * gap.high))
    return (
        f"Its lead of {_number(sign * gap.mean)} over the recommended one may be anything from {_number(low)} to "
        f"{_number(high)} (95 % interval, not corrected for having been picked)."
    )


def _against(verdict: Verdict, judge: Judge) -> str:
    one = verdict.recommended
    difference = one.difference
    if difference is None:
        return ""
    base = verdict.by_id.get(one.baseline)
    if base is None or abs(difference.mean) < 1e-12:
        return ""
    p = difference.p_corrected
    sure = p is not None and np.isfinite(p) and p <= 0.05
    gain = judge.metric.sign * difference.mean
    word = "better" if gain > 0 else "worse"
    tail = "" if sure else ", which the trial cannot tell from none"
    # Read in the direction of the word: positive where the difference is what the word says.
    turn = np.sign(difference.mean)
    low, high = sorted((turn * difference.low, turn * difference.high))
    return (
        f"Against {name_of(base, judge)} ({_number(base.candidate.metrics[judge.metric.name].mean)}) the "
        f"recommended one is {_number(abs(difference.mean))} {word} (95 % interval {_number(low)} to "
        f"{_number(high)}, corrected p {_p(p)}){tail}."
    )


def _picked(verdict: Verdict, judge: Judge) -> str:
    seen, expected = verdict.best.candidate.metrics[judge.metric.name].mean, verdict.picked.mean
    if verdict.competitors < 2 or not np.isfinite(expected):
        return ""
    if _number(seen) == _number(expected):
        return f"Picking the best of {verdict.competitors} did not flatter it: the corrected score is the same."
    return (
        f"Whoever picks the best of {verdict.competitors} should expect {_number(expected)} from it, not "
        f"{_number(seen)} (corrected for having been picked)."
    )


def _chosen_before(judge: Judge) -> str:
    left = dict.fromkeys(one.learner for one in judge.plan.left_out if "finalist" in one.why_not)
    if not left:
        return ""
    # The draws can only redo the choice among those that were trained.
    return (
        f"Which strategies {' and '.join(left)} was trained with was chosen on the same rows by a quicker learner: "
        "no interval, test or corrected score above knows of that choice."
    )


def _unproven(verdict: Verdict, judge: Judge) -> str:
    """Name a decision that costs nothing and scored higher, without being shown to be better."""
    if not verdict.nothing_needed or not judge.decides:
        return ""
    sign, own = judge.metric.sign, verdict.recommended.candidate.part.id
    found = [
        (sign * one.difference.mean, one)
        for one in verdict.ranked
        if one.difference is not None and one.candidate.part.id == own and one.decision_alone
    ]
    if not found:
        return ""
    gain, one = max(found, key=lambda pair: pair[0])
    difference = one.difference
    if difference is None or gain <= 1e-12 or not np.isfinite(difference.standard_error):
        return ""
    low, high = sorted((sign * difference.low, sign * difference.high))
    return (
        f"Not shown either way: with {_decision(one, judge)}, which costs no training, it scored "
        f"{_number(gain)} higher (95 % interval of the difference {_number(low)} to {_number(high)})."
    )


def _labels(verdict: Verdict, judge: Judge) -> str:
    one = verdict.recommended.candidate
    base = verdict.by_id.get(verdict.recommended.baseline)
    name = judge.label_metric.name
    if base is None or one.decision.name == judge.plain or base.candidate.part.id != one.part.id:
        return ""
    return (
        f"The decision does not change the ranking; it takes the {judge.label_metric.phrase} of the labels "
        f"from {_number(base.candidate.metrics[name].mean)} to {_number(one.metrics[name].mean)}."
    )


def _shown_better(verdict: Verdict, judge: Judge) -> list[str]:
    sure = [
        one
        for one in verdict.ranked
        if one.difference is not None
        and one.difference.p_corrected is not None
        and one.difference.p_corrected <= 0.05
    ]
    better = sum(judge.metric.sign * one.difference.mean > 0 for one in sure if one.difference)
    worse = len(sure) - better
    tested = sum(one.difference is not None for one in verdict.ranked)
    if not tested:
        return []
    return [
        f"Of {tested} comparison{'s' if tested > 1 else ''} with the untreated model of the same learner, {better or 'none'} "
        f"{'is' if better <= 1 else 'are'} shown to be better and {worse or 'none'} worse (corrected p up to 0.05)."
    ]


def method(verdict: Verdict, judge: Judge) -> list[str]:
    """Say how the trial was done, a sentence for each rule."""
    plan = judge.plan
    repeats = f", {judge.repeats} times over" if judge.repeats > 1 else ""
    out = [
        f"{plan.folds.folds} folds{repeats} ({plan.folds.scheme}); every strategy saw the same ones.",
        *plan.folds.notes,
        "Encoders, resampling and weights were fitted on the training rows of each fold; test rows were "
        "never resampled or reweighted.",
        f"{len(plan.parts)} training parts were trained once per fold, and every decision was applied to "
        f"the same out-of-fold scores.",
        *_of_decisions(judge),
        f"Intervals are 95 % percentiles of {len(judge.counts)} bootstrap draws"
        + (" of groups of rows" if plan.dataset.groups is not None else " of rows")
        + ", widened by 22 % because a model varies with its training rows too.",
        "Differences are paired. Their variance joins that of the folds with that of the bootstrap draws, and is "
        "raised by half because the training rows of folds overlap and vary less than new ones would; p values of "
        "the t test are corrected by Holm's method, for all comparisons of a treatment with the untreated model of "
        "its learner, and apart from them for those of a decision alone.",
        "Tied with the best are all candidates that the same test, corrected, does not call worse than it; of "
        "these, without any to which one of them is shown to be better, the simplest strategy is recommended, then "
        "the simplest decision, then the simplest learner.",
        "The score of the winner is corrected for having been picked by choosing on drawn rows and judging on "
        "those left out (Tsamardinos et al. 2018).",
    ]
    return out


def _of_decisions(judge: Judge) -> list[str]:
    if judge.plan.dataset.task == "regression":
        return [
            "Where a target was transformed, predictions came back by smearing (Duan 1983) over the errors on rows "
            "that were kept out of training.",
            "mean-corrected adds the mean error on the other folds, as weights, resampled rows and other losses than "
            "the squared error move the mean of what is predicted.",
            "The 95th percentile of a row is its prediction and the 95th percentile of the errors of like predictions "
            "on the other folds (Mondrian conformal prediction); where the loss predicts it, it is moved in one piece.",
        ]
    several = judge.plan.dataset.task == "multilabel"
    what = "label" if several else "class"
    return [
        f"Thresholds were chosen for {judge.label_metric.phrase} on {judge.draws} bootstrap draws of the "
        f"out-of-fold scores and judged on the rows that each draw left out.",
        f"Where a treatment moves the {what} shares, probabilities are put back by its weights, as far as these tell, "
        "and all are then "
        f"levelled: the mean probability of a {what} becomes its share, by an intercept from the other folds. "
        "argmax alone labels by the probabilities as the training left them.",
    ]
