"""Where each row of the output came from, and what is carried along."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import narwhals as nw
import numpy as np
import scipy.sparse as sp
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.under_sampling.base import BaseCleaningSampler, BaseUnderSampler
from numpy.typing import NDArray

from equipoise.testing.tables import (
    Table,
    frames,
    promise,
    refusal,
    resample,
    seeded,
    values_of,
)

__all__ = [
    "check_carries_further_values",
    "check_classes_move",
    "check_copies_are_copies",
    "check_global_generator_is_left_alone",
    "check_groups_are_those_of_a_parent",
    "check_labels_are_those_of_a_parent",
    "check_new_rows_lie_between_parents",
    "check_no_seed_draws_anew",
    "check_nothing_is_stale",
    "check_parents_are_shares",
    "check_prior_offset",
    "check_row_order_does_not_matter",
    "check_same_seed_same_rows",
    "check_untouched_classes_stay_whole",
    "check_weights_are_those_of_the_parents",
]


def check_classes_move(sampler: Any, table: Table) -> None:
    """Change the rows of classes: where ``sampling_strategy_`` is set, of those that it names, as it says.

    Oversampling makes rows of each class that is to get some, and undersampling leaves fewer of each that
    is to lose some, as many as asked for or about so; cleaning removes from no other classes.
    """
    X, y = table.rows()
    ours, _, y_out = resample(sampler, X, y)
    before, after = Counter(y.tolist()), Counter(np.asarray(y_out).tolist())
    promise(
        before != after, f"every class has the rows that it had, {dict(sorted(before.items()))}"
    )
    given = getattr(ours, "sampling_strategy_", None)
    asked = dict(given) if isinstance(given, Mapping) else {}
    for label, rows in asked.items():
        old, new = before[label], after[label]
        if isinstance(sampler, BaseOverSampler) and rows > 0:
            promise(new > old, f"{rows} rows more of class {label} are asked for, and none is made")
        elif isinstance(sampler, BaseUnderSampler) and rows < old:
            promise(
                0 < new < old,
                f"{rows} of {old} rows of class {label} are asked for: {new} are left",
            )
    if asked and isinstance(sampler, (BaseOverSampler, BaseUnderSampler, BaseCleaningSampler)):
        for label in before.keys() - asked.keys():
            promise(
                after[label] == before[label],
                f"class {label} has {after[label]} rows, not {before[label]}, and is not asked for",
            )


def check_same_seed_same_rows(sampler: Any, table: Table) -> None:
    """Give the same output for the same rows and seed, to the last bit."""
    X, y = table.rows()
    for ours in (seeded(sampler), seeded(sampler)):
        first, again = ours.fit_resample(X, y), ours.fit_resample(X, y)
        for one, other in zip(first, again, strict=True):
            promise(np.array_equal(one, other), "the same seed gave another output")
    other_run = resample(sampler, X, y)[1]
    promise(np.array_equal(other_run, first[0]), "the same seed gave another output in a clone")


def check_no_seed_draws_anew(sampler: Any, table: Table) -> None:
    """Draw anew in each call with ``random_state=None``."""
    X, y = table.rows()
    ours = seeded(sampler, None)
    outputs = [ours.fit_resample(X, y)[0] for _ in range(6)]
    differs = any(not np.array_equal(outputs[0], each) for each in outputs[1:])
    promise(differs, "six calls without a seed gave the same rows")


def check_global_generator_is_left_alone(sampler: Any, table: Table) -> None:
    """Neither use nor seed numpy's global generator where a seed is given."""
    X, y = table.rows()
    before = np.random.get_state(legacy=False)
    resample(sampler, X, y)
    after = np.random.get_state(legacy=False)
    kept = before["state"]["pos"] == after["state"]["pos"] and np.array_equal(
        before["state"]["key"], after["state"]["key"]
    )
    promise(kept, "numpy's global generator was used or seeded")


def check_row_order_does_not_matter(sampler: Any, table: Table) -> None:
    """Give the same rows in whatever order they come, by a method without a seed."""
    X, y = table.rows()
    expected = _sorted(*resample(sampler, X, y)[1:])
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(y))
        got = _sorted(*resample(sampler, X[order], y[order])[1:])
        promise(
            got.shape == expected.shape, f"{len(got)} rows in another order, not {len(expected)}"
        )
        promise(np.allclose(got, expected), "other rows where the order of rows is another")


def _sorted(X: Any, y: Any) -> NDArray[Any]:
    both = np.column_stack([y, X])
    return both[np.lexsort(both.T[::-1])]


def check_copies_are_copies(sampler: Any, table: Table) -> None:
    """Hold in ``sample_indices_`` one int64 per row of the output: the row it copies exactly, or -1."""
    X, y = table.rows()
    ours, X_out, y_out = resample(sampler, X, y)
    index = ours.sample_indices_
    promise(np.shape(index) == (len(y_out),), f"sample_indices_ of {np.shape(index)}")
    promise(np.asarray(index).dtype == np.int64, f"sample_indices_ of {np.asarray(index).dtype}")
    promise(((index >= -1) & (index < len(y))).all(), "sample_indices_ points outside of the input")
    copies = index >= 0
    promise((X_out[copies] == X[index[copies]]).all(), "a copy is not the row it is said to copy")
    promise((y_out[copies] == y[index[copies]]).all(), "a copy has another label than its row")


def check_parents_are_shares(sampler: Any, table: Table) -> None:
    """Give ``parents_`` as CSR of float64, (m, n), of shares that sum to 1; a copy has one parent."""
    X, y = table.rows()
    ours, _, y_out = resample(sampler, X, y)
    parents = ours.parents_
    promise(sp.issparse(parents) and parents.format == "csr", f"parents_ is {type(parents)}")
    promise(parents.dtype == np.float64, f"parents_ of {parents.dtype}")
    promise(parents.shape == (len(y_out), len(y)), f"parents_ of {parents.shape}")
    promise((parents.data >= 0).all(), "a parent has a share below 0")
    sums = np.asarray(parents.sum(axis=1)).ravel()
    promise(np.allclose(sums, 1, rtol=0, atol=1e-9), "shares of a row do not sum to 1")
    index = ours.sample_indices_
    copies = np.flatnonzero(index >= 0)
    own = np.asarray(parents[copies, index[copies]]).ravel()
    promise((own == 1).all(), "a copy has another parent than its row")


def check_new_rows_lie_between_parents(sampler: Any, table: Table) -> None:
    """Mix the numbers of each row from its parents in the proportion of their shares."""
    X, y = table.rows()
    ours, X_out, _ = resample(sampler, X, y)
    expected = ours.parents_ @ X[:, table.numbers]
    close = np.allclose(X_out[:, table.numbers], expected, rtol=1e-9, atol=1e-9)
    promise(close, "a row is not what its parents and their shares say")


def check_labels_are_those_of_a_parent(sampler: Any, table: Table) -> None:
    """Give each row the label of its first parent."""
    X, y = table.rows()
    ours, _, y_out = resample(sampler, X, y)
    promise(np.array_equal(ours.carry(y), y_out), "a row has another label than its first parent")
    promise(set(np.unique(y_out)) <= set(np.unique(y)), "a label that was not given")


def check_weights_are_those_of_the_parents(sampler: Any, table: Table) -> None:
    """Mix ``sample_weight_`` from the parents, or keep the sums of the classes besides.

    A sampler that gives weights where none are given keeps the prior: each class keeps the sum of its
    weights. Every other mixes the weights of the parents in the proportion of their shares, or takes that
    of the first where a share is below 0, and has no ``sample_weight_`` where none are given.
    """
    X, y = table.rows()
    keeps = hasattr(resample(sampler, X, y)[0], "sample_weight_")
    for given in (None, np.random.default_rng(1).uniform(0.5, 2.0, len(y))):
        if given is None and not keeps:
            continue
        more = {} if given is None else {"sample_weight": given}
        weight = np.ones(len(y)) if given is None else given
        ours, _, y_out = resample(sampler, X, y, **more)
        promise(hasattr(ours, "sample_weight_"), "weights were given and none came out")
        promise(np.shape(ours.sample_weight_) == (len(y_out),), "not one weight per row")
        expected = ours.parents_ @ weight
        # Of a row made beyond its first parent: a share of the other's weight would be taken off.
        beyond = ours.parents_.min(axis=1).toarray().ravel() < 0
        expected[beyond] = ours.carry(weight)[beyond]
        if keeps:
            for label in np.unique(y_out):
                own = y_out == label
                expected[own] *= weight[y == label].sum() / expected[own].sum()
        promise(np.allclose(ours.sample_weight_, expected), "weights are not those of the parents")


def check_groups_are_those_of_a_parent(sampler: Any, table: Table) -> None:
    """Hold in ``groups_`` the group of the row that is copied, or of a parent with a share."""
    X, y = table.rows()
    groups = np.array([f"group {i // 2}" for i in range(len(y))])
    ours, _, y_out = resample(sampler, X, y, groups=groups)
    promise(hasattr(ours, "groups_"), "groups were given and none came out")
    promise(np.shape(ours.groups_) == (len(y_out),), "not one group per row")
    parents = ours.parents_
    for i, group in enumerate(ours.groups_):
        family = parents.indices[parents.indptr[i] : parents.indptr[i + 1]]
        promise(group in groups[family], f"row {i} is in {group}, and none of its parents is")


def check_carries_further_values(sampler: Any, table: Table) -> None:
    """Carry arrays, lists, series and frames to their own kind, and refuse other lengths."""
    X, y = table.rows()
    ours, _, y_out = resample(sampler, X, y)
    n = np.arange(len(y))
    first = ours.carry(n)
    copies = ours.sample_indices_ >= 0
    promise(len(first) == len(y_out), "carry gives another number of rows")
    promise((first[copies] == ours.sample_indices_[copies]).all(), "carry mixes up the copies")
    shares = np.asarray(ours.parents_[np.arange(len(first)), first]).ravel()
    promise((shares > 0).all(), "carry takes values from a row that is no parent")
    listed = ours.carry(n.tolist())
    promise(type(listed) is list, f"carry made {type(listed).__name__} of a list")
    promise(listed == first.tolist(), "carry of a list is another")
    for library in frames():
        frame = nw.from_dict({"n": n, "m": -n}, backend=library)
        for given in (frame.to_native(), frame["n"].to_native()):
            out = ours.carry(given)
            promise(type(out) is type(given), f"carry made {type(out)} of {type(given)}")
            values = values_of(out)
            promise(
                np.array_equal(values.reshape(len(first), -1)[:, 0], first), f"carry of {library}"
            )
    refusal(lambda: ours.carry(n[:-1]), "carrying too few values")
    refusal(lambda: seeded(sampler).carry(n), "carrying before resampling")


def check_prior_offset(sampler: Any, table: Table) -> None:
    """Give as ``prior_offset_`` log(weight after / weight before) of each class, less the mean.

    Classes are in sorted order; one that is gone has 0 and does not count in the mean.
    """
    X, y = table.rows()
    weight = np.random.default_rng(2).uniform(0.5, 2.0, len(y))
    for given in ({}, {"sample_weight": weight}):
        ours, _, y_out = resample(sampler, X, y, **given)
        after = ours.sample_weight_ if hasattr(ours, "sample_weight_") else np.ones(len(y_out))
        before = given.get("sample_weight", np.ones(len(y)))
        sums = [(before[y == c].sum(), after[y_out == c].sum()) for c in np.unique(y)]
        moved = np.array([np.log(new / old) if new else np.nan for old, new in sums])
        expected = np.nan_to_num(moved - np.nanmean(moved))
        close = np.shape(ours.prior_offset_) == expected.shape and np.allclose(
            ours.prior_offset_, expected, rtol=0, atol=1e-9
        )
        promise(close, f"prior_offset_ is {ours.prior_offset_}, not {expected}")


def check_untouched_classes_stay_whole(sampler: Any, table: Table) -> None:
    """Keep every row when oversampling, and classes not asked for when removing rows."""
    X, y = table.rows()
    over = isinstance(sampler, BaseOverSampler)
    strategy: Any = {2: 20} if over else {0: 30}
    if isinstance(sampler, BaseCleaningSampler):
        strategy = [0]
    X_out, y_out = seeded(sampler).set_params(sampling_strategy=strategy).fit_resample(X, y)
    asked, before, after = next(iter(strategy)), _counted(X, y), _counted(X_out, y_out)
    for row, count in before.items():
        left = after.get(row, 0)
        promise(left >= count or (row[0] == asked and not over), f"a row of class {row[0]} is gone")
    new = {row[0] for row, count in after.items() if count > before.get(row, 0)}
    promise(new <= {asked}, f"new rows of {sorted(new)}, though only {asked} was asked for")


def _counted(X: Any, y: Any) -> Counter[tuple[float, ...]]:
    return Counter(tuple(row) for row in np.column_stack([y, X]).tolist())


def check_nothing_is_stale(sampler: Any, table: Table) -> None:
    """Leave nothing of the first call after a second: weights, groups, names of columns, parents."""
    X, y = table.rows()
    X_less, y_less = table.rows((40, 20, 10), seed=3)
    ours = seeded(sampler)
    ours.fit_resample(table.frame(X, "polars"), y, sample_weight=np.full(len(y), 2.0), groups=y)
    ours.fit_resample(X_less, y_less)
    fresh = resample(sampler, X_less, y_less)[0]
    left = {name for name in vars(ours) if name.endswith("_")}
    left -= {name for name in vars(fresh) if name.endswith("_")}
    promise(not left, f"left over from the first call: {sorted(left)}")
    promise(ours.parents_.shape == fresh.parents_.shape, "parents_ are those of the first call")
    close = np.allclose(ours.prior_offset_, fresh.prior_offset_)
    promise(close, "prior_offset_ is not that of the second call")
