"""How unevenly the labels of a multi-label target are spread, and how they occur together."""

from __future__ import annotations

from shlex import quote

import numpy as np
from numpy.typing import NDArray

from equipoise.data.label_imbalance import label_imbalance
from equipoise.diagnose.check import Check
from equipoise.diagnose.finding import Finding, Severity
from equipoise.diagnose.registry import register
from equipoise.diagnose.subject import Before
from equipoise.diagnose.wording import listed, name_of, ratio, rows_of, verb_for

__all__ = ["LabelImbalance"]

F = NDArray[np.float64]
_MEAN, _SPREAD, _TOGETHER = 1.5, 0.2, 0.1
_DRAWS = 200


@register
class LabelImbalance(Check):
    """How unevenly labels are spread."""

    code, name, title, stage = (
        "EQ116",
        "label-imbalance",
        "Imbalance of the labels of a multi-label target",
        "before",
    )
    tasks = frozenset({"multilabel"})
    explain = """Measures the imbalance of labels of which a row may have several.

IRLbl(l) = max_k n_k / n_l, of a label with n_l rows; MeanIR is its mean over labels, CVIR its standard deviation over
its mean. SCUMBLE is the mean over rows of 1 - (geometric mean) / (arithmetic mean) of the IRLbl of a row's labels: 0
where rare labels occur among themselves, near 1 where they occur together with frequent ones.

Data count as imbalanced by the authors' rule, MeanIR > 1.5 and CVIR > 0.2, where both hold at the lower end of a 95 %
bootstrap interval over rows. The severity rests on the rows of the rarest label, for what they can show of a recall:
high below 16 rows, medium below 43, else low (see EQ103). Labels with an IRLbl above MeanIR count as rare.

What to do: weights per label or element (`weights-*`, pos_weight). Where SCUMBLE exceeds 0.1, copying or dropping
whole rows moves frequent labels along with the rare ones and seldom helps; weights do not have that fault. Tune one
threshold per label.

Papers: Charte, Rivera, del Jesus and Herrera, Neurocomputing 163, 2015, and HAIS 2014 (SCUMBLE)."""

    def examine(self, subject: Before) -> Finding:
        """Measure, with a bootstrap over rows."""
        counts, names, Y = subject.counts, subject.classes, subject.y
        seen = counts > 0
        if seen.sum() < 2:
            return self.not_applicable(
                f"{rows_of(int(seen.sum()), 'label')} {verb_for(int(seen.sum()), 'has', 'have')} rows"
            )
        found = label_imbalance(Y)
        irlbl, together = found.irlbl, found.scumble
        rng = np.random.default_rng([subject.seed, 3])
        # Of independent rows the count of a label varies as a Poisson number nearly does.
        drawn = np.maximum(rng.poisson(counts[seen], (_DRAWS, int(seen.sum()))), 1)
        ratios = drawn.max(axis=1, keepdims=True) / drawn
        means = ratios.mean(axis=1)
        spreads = ratios.std(axis=1, ddof=1) / means
        rarest = int(np.where(seen, counts, counts.max() + 1).argmin())
        rare = [names[j] for j in np.argsort(-irlbl) if seen[j] and irlbl[j] > found.mean_ir]

        def ends(values: F, value: float) -> dict[str, float]:
            low, high = np.quantile(values, [0.025, 0.975])
            return {"value": value, "low": float(min(low, value)), "high": float(max(high, value))}

        mean_ir, cvir = ends(means, found.mean_ir), ends(spreads, found.cv_ir)
        evidence = {
            "irlbl": dict(zip(names, irlbl.tolist(), strict=True)),
            "mean_ir": mean_ir,
            "cvir": cvir,
            "scumble": together,
            "rare_labels": rare,
            "labels_per_row": found.cardinality,
            "rows_without_labels": found.unlabelled,
            "labels_without_rows": [names[j] for j in np.flatnonzero(~seen)],
        }
        said = (
            f"the rarest of {len(names)} labels, {name_of(names[rarest])}, has {rows_of(int(counts[rarest]))}, one for "
            f"every {ratio(irlbl[rarest])} of {name_of(names[int(counts.argmax())])}; mean ratio {ratio(found.mean_ir)}, "
            f"SCUMBLE {together:.2g}"
        )
        if not (mean_ir["low"] > _MEAN and cvir["low"] > _SPREAD):
            return self.passed(said, evidence)
        least = int(counts[rarest])
        severity: Severity = "high" if least < 16 else "medium" if least < 43 else "low"
        mixed = together > _TOGETHER
        return self.issue(
            severity,
            said,
            evidence,
            f"equipoise compare FILE --target {quote(subject.dataset.target)} --strategies "
            "untreated,pos-weight-sqrt,weights-isns,repeat-factor",
            (
                "copying rows would help little: rare labels occur together with frequent ones"
                if mixed
                else f"recall of rare labels ({listed(rare, 3)}) rises at the price of precision"
            ),
            "measured on all rows; intervals by a bootstrap of the counts",
        )
