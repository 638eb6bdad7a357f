"""What is judged of labels, several a row, and of numbers: from columns, or made by a model."""

from __future__ import annotations

from typing import Any

from equipoise.cli.label_columns import columns_by_label, label_columns
from equipoise.errors import UsageError

__all__ = ["by_label", "by_label_of_model", "by_number", "by_number_of_model"]


def by_label(
    frame: Any, target: str, prediction: str | None, score: list[str] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the truth by label, and predictions and probabilities by label."""
    columns = label_columns(frame, target)
    given = {
        "labels": columns_by_label(frame, [prediction], columns, "--prediction")
        if prediction
        else None,
        "scores": columns_by_label(frame, score, columns, "--score") if score else None,
    }
    return {label: frame[name] for label, name in columns.items()}, given


def by_label_of_model(
    model: Any, frame: Any, target: str, separator: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the truth by label, and what a model says of each."""
    from equipoise.data.target import read_target
    from equipoise.data.target_columns import find_target

    labels = [str(label) for label in model.classes]
    names = find_target(frame, target)[1]
    if len(names) == 1 and names != labels:
        found = read_target(
            frame, names, said=target, task="multilabel", separator=separator, learned=False
        )
        known = {str(label): found.y[:, j] for j, label in enumerate(found.classes)}
    else:
        known = {name: frame[name] for name in names}
    strange = [name for name in known if name not in labels]
    if strange:
        raise UsageError(
            f"the target has a label {strange[0]!r}, which the model does not know",
            remedy=f"give the columns of its labels: {', '.join(labels[:10])}",
        )
    # A label that no row of a column of sets has is absent from all of them.
    nothing = 0 * next(iter(known.values()))
    truth = {label: known.get(label, nothing) for label in labels}
    given = {
        "scores": dict(zip(labels, model.predict_proba(frame).T, strict=True)),
        "labels": dict(zip(labels, model.predict(frame).T, strict=True)),
    }
    return truth, given


def by_number(
    frame: Any, prediction: str | None, score: list[str] | None, upper: str | None
) -> dict[str, Any]:
    """Return predicted numbers, and their 95th percentiles if there are any."""
    from equipoise.data.columns import find_column

    if score or prediction is None:
        raise UsageError(
            "--score holds probabilities, and the target is a number"
            if score
            else "no predicted numbers were named",
            remedy="name the predicted numbers with --prediction COL",
        )
    return {
        "scores": find_column(frame, prediction, "prediction column"),
        "upper": find_column(frame, upper, "upper column") if upper else None,
    }


def by_number_of_model(model: Any, frame: Any) -> dict[str, Any]:
    """Return what a model predicts of each row."""
    return {"scores": model.predict(frame), "upper": model.predict_upper(frame)}
