"""Run the checks and gather what they found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from equipoise.data.dataset import Dataset
from equipoise.data.seeds import check_seed
from equipoise.diagnose.check import Check
from equipoise.diagnose.finding import Finding, plain
from equipoise.diagnose.reading import read_before
from equipoise.diagnose.registry import find_check, known_checks
from equipoise.diagnose.subject import After, Before
from equipoise.diagnose.trial import measured_by, read_run
from equipoise.errors import EquipoiseError
from equipoise.results.diagnosis import SCHEMA_VERSION, Diagnosis

__all__ = ["diagnose", "diagnose_predictions", "examine", "findings_of"]


def diagnose(
    data: Any,
    target: Any,
    *,
    other: Any = None,
    task: str | None = None,
    group: str | None = None,
    time: str | None = None,
    text: str | Iterable[str] | None = None,
    roles: Mapping[str, str] | None = None,
    positive: Any = None,
    separator: str | None = None,
    mute: Iterable[str] = (),
    run: str | Path | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Say what the imbalance of data is, what it does, and what to do about it.

    Parameters
    ----------
    data : path, data frame or array
        As for :func:`equipoise.compare`.
    target : str or array of shape (n,)
        Name of the target column, or its values.
    other : path, data frame or array, optional
        A second file with the same columns, such as the rows to test on or newer ones: it is compared
        with the first. The target may be missing there.
    task : {"binary", "multiclass", "multilabel", "regression"}, optional
        Detected from the target by default.
    group, time : str, optional
        Columns of groups that belong together, and of the order in time.
    text : str or list of str, optional
        Columns to read as text.
    roles : dict, optional
        Column name to role, where the one found is wrong.
    positive : optional
        Positive class of a binary task; the rarer one by default.
    separator : str, optional
        What separates the labels of a row, where the target is one column of texts that hold several.
    mute : iterable of str
        Codes or names of checks to leave out.
    run : path, optional
        Folder of a finished run of :func:`equipoise.compare` on these data: what it measured of a
        treatment takes the place of what can be expected of it.
    seed : int, default 0
        Seed of samples, folds and models.

    Returns
    -------
    Diagnosis
        ``.findings``, ``.frame()``, ``.plot(kind)``, ``.to_json()``.

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the input, with the remedy.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = (X[:, 0] + rng.normal(size=400) > 1.8).astype(int)
    >>> found = eq.diagnose(X, target=y)
    >>> found["EQ101"].state, found["EQ105"].state
    ('tip', 'passed')
    """
    check_seed(seed)
    muted = _muted(mute)
    subject = read_before(
        data,
        target,
        other=other,
        task=task,
        group=group,
        time=time,
        text=text,
        roles=roles,
        positive=positive,
        separator=separator,
        seed=seed,
    )
    measured = None if run is None else read_run(run, subject.classes)
    findings = examine(known_checks("before"), subject, muted)
    if measured is not None:
        findings += _of_model(measured, muted)
    about = _about_data(subject)
    return _gather(findings, about, seed, run, measured)


def diagnose_predictions(
    y_true: ArrayLike,
    scores: Any = None,
    *,
    labels: ArrayLike | None = None,
    classes: Sequence[Any] | None = None,
    positive: Any = None,
    groups: ArrayLike | None = None,
    train: Sequence[Any] | None = None,
    features: ArrayLike | None = None,
    threshold: float | None = None,
    mute: Iterable[str] = (),
    run: str | Path | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Say what imbalance did to a model, from its predictions on rows that it was not trained on.

    Parameters
    ----------
    y_true : array of shape (n,), or (n, L) of 0/1
        True classes; or labels, of which a row may have several.
    scores : array of shape (n,) or (n, C), or mapping of label to array, optional
        Probabilities as for :func:`equipoise.evaluate`; of labels, one per label, shape (n, L).
    labels : array of shape (n,) or (n, L), optional
        What was predicted; by default the most probable class, or what reaches ``threshold``.
    classes : list, optional
        Class labels in the order of the columns of ``scores``; names of labels.
    positive : optional
        Positive class of a binary task; the rarer one by default.
    groups : array of shape (n,), optional
        Rows of one group depend on each other.
    train : (y_true, scores, labels), optional
        The same of the rows that the model was trained on, as far as known: one to three arrays.
    features : array of shape (n, p), optional
        The rows as numbers without gaps, for checks that need their places.
    threshold : float, optional
        Probability of the positive class, or of each label, from which on it is predicted; 0.5.
    mute, run, seed
        See :func:`equipoise.diagnose`.

    Returns
    -------
    Diagnosis

    Raises
    ------
    EquipoiseError
        Whatever is wrong with the input, with the remedy.

    Examples
    --------
    >>> import numpy as np
    >>> from equipoise.diagnose.run import diagnose_predictions
    >>> y = np.repeat([0, 1], [95, 5])
    >>> found = diagnose_predictions(y, labels=np.zeros(100, int))
    >>> found["EQ201"].stage
    'after'
    """
    from equipoise.diagnose.predictions import read_predictions

    check_seed(seed)
    muted = _muted(mute)
    subject = read_predictions(
        y_true,
        scores,
        labels=labels,
        classes=classes,
        positive=positive,
        groups=groups,
        train=train,
        features=features,
        threshold=threshold,
        seed=seed,
    )
    measured = None if run is None else read_run(run, subject.classes)
    findings = examine(known_checks("after"), subject, muted)
    about = {
        "source": "predictions",
        "target": None,
        "task": subject.task,
        "rows": subject.n,
        "classes": _classes(subject.classes, subject.counts),
        "notes": [],
    }
    return _gather(findings, about, seed, run, measured)


def findings_of(
    dataset: Dataset,
    seed: int = 0,
    mute: Iterable[str] = (),
    *,
    after: After | None = None,
    run: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Run the quick checks of data that were read already, as inside a trial.

    Checks that take long (``fast = False``) are left out, and a check that fails does not stop the
    rest: it is reported as not applicable, with the error.

    Parameters
    ----------
    dataset : Dataset
        The data of a trial.
    seed : int, default 0
        Seed of samples, folds and models.
    mute : iterable of str
        Codes or names of checks to leave out.
    after : After, optional
        Out-of-fold predictions of the model that the trial recommends, to look at as well.
    run : dict, optional
        Summary of the trial, whose measurements take the place of what treatments are expected to do.

    Returns
    -------
    list of dict
        Findings as plain data, issues first.
    """
    muted = _muted(mute)
    checks = [one for one in known_checks("before") if one.fast]
    found = examine(checks, Before(dataset, None, seed), muted, guarded=True)
    if after is not None:
        later = [one for one in known_checks("after") if one.fast]
        found += examine(later, after, muted, guarded=True)
    if run is not None:
        found = measured_by(found, run, "this trial")
    out: list[dict[str, Any]] = plain([one.to_dict() for one in in_order(found)])
    return out


def examine(
    checks: Iterable[Check],
    subject: Before | After,
    muted: Iterable[str] = (),
    guarded: bool = False,
) -> list[Finding]:
    """Run checks on a subject.

    Parameters
    ----------
    checks : iterable of Check
        Those of the subject's stage.
    subject : Before or After
        What to look at.
    muted : iterable of str
        Codes of checks not to run.
    guarded : bool, default False
        Whether a check that fails is reported in place of what it would have found.

    Returns
    -------
    list of Finding
        One of each check, in their order.
    """
    muted = set(muted)
    return [_one(check, subject, check.code in muted, guarded) for check in checks]


def _one(check: Check, subject: Before | After, muted: bool, guarded: bool) -> Finding:
    if muted:
        known = (check.code, check.name, check.title, check.stage)
        return Finding(*known, "muted", None, "muted")
    if subject.task not in check.tasks:
        return check.not_applicable(f"it is for {' or '.join(sorted(check.tasks))}")
    try:
        return check.examine(subject)
    except EquipoiseError as error:
        return check.not_applicable(error.problem)
    except Exception as error:
        if not guarded:
            raise
        return check.not_applicable(f"the check failed ({type(error).__name__}: {error})")


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings: issues by severity, tips, and the rest; by code within each."""
    states = ["issue", "tip", "passed", "not applicable", "muted"]
    severities = ["high", "medium", "low", None]
    return sorted(
        findings,
        key=lambda one: (states.index(one.state), severities.index(one.severity), one.code),
    )


def joined(first: Diagnosis, second: Diagnosis) -> Diagnosis:
    """Put what was found of data and of predictions into one diagnosis; the data lead.

    What the first says of a model, as a run does, gives way to what the second says of it.
    """
    later = {one.code for one in second.findings}
    findings = in_order(
        [*(one for one in first.findings if one.code not in later), *second.findings]
    )
    notes = [*first.summary["notes"], *second.summary["notes"]]
    return Diagnosis(
        {
            **first.summary,
            "notes": notes,
            "predictions": {k: second.summary[k] for k in ("source", "rows", "classes")},
            "findings": [one.to_dict() for one in findings],
        }
    )


def _muted(mute: Iterable[str]) -> set[str]:
    names = mute.split(",") if isinstance(mute, str) else list(mute)
    return {find_check(name).code for name in names if name.strip()}


def _of_model(run: dict[str, Any], muted: set[str]) -> list[Finding]:
    """Return what a run found of its recommended model, from out-of-fold predictions."""
    stored = [one for one in run.get("findings", []) if one.get("stage") == "after"]
    return [Finding.from_dict(one) for one in stored if one["code"] not in muted]


def _gather(
    findings: list[Finding],
    about: dict[str, Any],
    seed: int,
    run: str | Path | None,
    measured: dict[str, Any] | None,
) -> Diagnosis:
    if measured is not None:
        findings = measured_by(findings, measured, str(run))
    return Diagnosis(
        plain(
            {
                "schema_version": SCHEMA_VERSION,
                "kind": "diagnosis",
                **about,
                "run": None if run is None else str(run),
                "seed": seed,
                "findings": [one.to_dict() for one in in_order(findings)],
            }
        )
    )


def _about_data(subject: Before) -> dict[str, Any]:
    data = subject.dataset
    about: dict[str, Any] = {
        "source": data.source,
        "target": data.target,
        "task": subject.task,
        "rows": subject.n,
        "classes": _classes(subject.classes, subject.counts),
        "notes": list(data.notes),
    }
    if subject.other is not None:
        about["other"] = {"source": subject.other.source, "rows": subject.other.table.n}
    if subject.task == "regression":
        about["median"] = float(np.median(subject.y))
    return about


def _classes(names: Sequence[str], counts: Any) -> list[dict[str, Any]]:
    return [{"label": name, "count": int(count)} for name, count in zip(names, counts, strict=True)]
