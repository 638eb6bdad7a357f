"""Rows of rare labels repeated, rows of common ones removed: against the published loops, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.errors import DataError, TargetError, UsageError
from equipoise.samplers import MLROS, MLRUS, RepeatFactorOverSampler
from equipoise.samplers.labels.imbalance import imbalance_ratios


def sets(seed: int, n: int = 300, shares=(0.6, 0.3, 0.1, 0.05, 0.02)) -> np.ndarray:
    random = np.random.default_rng(seed)
    Y = (random.random((n, len(shares))) < shares).astype(int)
    Y[0] = 1  # no label without rows
    return Y


def ratio_of(Y, label):
    """IRLbl as it is written: the most frequent label's rows over those of the label."""
    return max(sum(column) for column in Y.T) / sum(Y[:, label])


def mean_ratio(Y):
    return float(np.mean([ratio_of(Y, label) for label in range(Y.shape[1])]))


def cloned_as_published(Y, percentage, random):
    """Clone a row of each bag in turn on a table that grows, and count anew each time."""
    left, mean = len(Y) / 100 * percentage, mean_ratio(Y)
    bags = [label for label in range(Y.shape[1]) if ratio_of(Y, label) > mean]
    rows, grown = list(range(len(Y))), Y
    while left > 0 and bags:
        for label in list(bags):
            bag = [row for row in range(len(Y)) if Y[row, label]]
            row = bag[random.randint(len(bag))]
            rows.append(row)
            grown = np.vstack([grown, Y[row]])
            if ratio_of(grown, label) <= mean:
                bags.remove(label)
            left -= 1
    return rows


@pytest.mark.parametrize("percentage", [1, 8, 25, 200])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_cloned_as_published(seed, percentage):
    Y = sets(seed)
    expected = cloned_as_published(Y, percentage, np.random.RandomState(seed))
    sampler = MLROS(percentage, random_state=seed)
    X_out, Y_out = sampler.fit_resample(np.arange(len(Y))[:, None], Y)
    assert sampler.sample_indices_.tolist() == X_out.ravel().tolist() == expected
    np.testing.assert_array_equal(Y_out, Y[expected])


def test_enough_clones_bring_every_rare_label_to_the_mean():
    Y = sets(4)
    mean = mean_ratio(Y)
    _, Y_out = MLROS(1000, random_state=0).fit_resample(Y, Y)
    # A label that reached the mean may fall behind again, by what is cloned for others.
    assert [ratio_of(Y_out, label) <= 1.15 * mean for label in range(5)] == [True] * 5
    assert ratio_of(Y, 4) > 2 * mean


def removed_as_published(Y, percentage, spare, random):
    """Delete a row of each bag in turn from a table that shrinks, and count anew each time."""
    left, mean = len(Y) / 100 * percentage, mean_ratio(Y)
    ratios = [ratio_of(Y, label) for label in range(Y.shape[1])]
    bags = [label for label in range(Y.shape[1]) if ratios[label] < mean]
    spared = [row for row in Y if spare and any(row[j] and ratios[j] > mean for j in range(5))]
    spared = {tuple(row) for row in spared}
    orders = {
        label: random.permutation(
            [row for row in range(len(Y)) if Y[row, label] and tuple(Y[row]) not in spared]
        ).tolist()
        for label in bags
    }
    gone: list[int] = []
    while left > 0 and bags:
        for label in list(bags):
            there = [row for row in orders[label] if row not in gone]
            if not there:
                bags.remove(label)
                continue
            gone.append(there[0])
            left -= 1
            shrunk = np.delete(Y, gone, axis=0)
            if not shrunk[:, label].any() or ratio_of(shrunk, label) >= mean:
                bags.remove(label)
    return sorted(set(range(len(Y))) - set(gone))


@pytest.mark.parametrize("percentage", [2, 10, 60])
@pytest.mark.parametrize("spare", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_removed_as_published(seed, spare, percentage):
    Y = sets(seed, 150)
    expected = removed_as_published(Y, percentage, spare, np.random.RandomState(seed))
    sampler = MLRUS(percentage, spare_rare=spare, random_state=seed)
    X_out, Y_out = sampler.fit_resample(np.arange(150)[:, None], Y)
    assert X_out.ravel().tolist() == expected
    np.testing.assert_array_equal(Y_out, Y[expected])
    rare = [label for label in range(5) if ratio_of(Y, label) > mean_ratio(Y)]
    if spare:
        np.testing.assert_array_equal(Y_out[:, rare].sum(axis=0), Y[:, rare].sum(axis=0))


def test_a_common_label_is_left_out_once_it_is_as_rare_as_the_mean():
    # Ratios 1, 1.25 and 12.5, of mean 4.92: the second reaches it when 3 of its rows or more are gone beyond the first's.
    Y = np.zeros((182, 3), dtype=int)
    Y[:100, 0], Y[100:180, 1], Y[180:, 2] = 1, 1, 1
    Y[:6, 2] = 1
    _, Y_out = MLRUS(99, random_state=0).fit_resample(Y, Y)
    assert Y_out[:, 2].sum() == 8
    left = Y_out.sum(axis=0)
    # Both start at a row each a round; the first can lose 94 rows, which it does unless the second is left out.
    assert left[0] == 6
    assert left[1] < 80


@pytest.mark.parametrize("threshold", [0.2, 0.5, "auto"])
def test_rows_are_repeated_by_the_rarest_of_their_labels(threshold):
    Y = sets(7, 4000)
    sampler = RepeatFactorOverSampler(threshold, random_state=1)
    rows = sampler.fit_resample(np.arange(4000)[:, None], Y)[0].ravel()
    shares = Y.mean(axis=0)
    t = 1 / np.mean(1 / shares) if threshold == "auto" else threshold
    assert sampler.threshold_ == pytest.approx(t)
    each = [
        max([max(1.0, np.sqrt(t / shares[label])) for label in range(5) if row[label]], default=1.0)
        for row in Y
    ]
    np.testing.assert_allclose(sampler.repeat_factors_, each)
    times = np.bincount(rows, minlength=4000)
    assert ((times == np.floor(each)) | (times == np.ceil(each))).all()
    # The fraction is kept in expectation: within four deviations of a sum of coins.
    fraction = np.array(each) % 1
    spread = np.sqrt((fraction * (1 - fraction)).sum())
    assert abs(times.sum() - sum(each)) < 4 * spread + 1e-9
    assert (rows[:4000] == np.arange(4000)).all()


def test_by_default_the_labels_that_are_rare_for_the_others_are_rare_here_too():
    Y = sets(3, 2000)
    sampler = RepeatFactorOverSampler(random_state=0)
    sampler.fit_resample(Y, Y)
    ratio, mean = imbalance_ratios(Y.sum(axis=0))
    np.testing.assert_array_equal(Y.mean(axis=0) < sampler.threshold_, ratio > mean)


def test_the_sampler_of_epochs_has_the_same_factors():
    from equipoise.schedules import RepeatFactorSampler

    Y = sets(5)
    ours = RepeatFactorOverSampler(0.3, random_state=0)
    ours.fit_resample(Y, Y)
    np.testing.assert_array_equal(RepeatFactorSampler(Y, 0.3).repeat_factors, ours.repeat_factors_)


DRAWING = [MLROS, MLRUS, RepeatFactorOverSampler]


@pytest.mark.parametrize("kind", DRAWING)
def test_a_seed_fixes_the_rows(kind):
    Y = sets(2)
    first, again, other = (
        kind(random_state=seed).fit_resample(Y, Y)[0].tolist() for seed in (5, 5, 6)
    )
    assert first == again != other


@settings(max_examples=60)
@given(st.data())
def test_any_label_sets_will_do(data):
    n, L = data.draw(st.integers(1, 12)), data.draw(st.integers(2, 4))
    cells = data.draw(st.lists(st.booleans(), min_size=n * L, max_size=n * L))
    Y = np.array(cells).reshape(n, L)
    Y[0, 0] = True
    for sampler in (MLROS(50), MLRUS(30), MLRUS(30, spare_rare=False), RepeatFactorOverSampler()):
        sampler.random_state = 0
        if not len(sampler.choose(Y)):
            with pytest.raises(DataError, match="removed every row"):
                sampler.fit_resample(np.arange(n)[:, None], Y)
            continue
        X_out, Y_out = sampler.fit_resample(np.arange(n)[:, None], Y)
        np.testing.assert_array_equal(Y_out, Y[X_out.ravel()])
        assert np.isfinite(sampler.prior_offset_).all()
        if not isinstance(sampler, MLRUS):
            assert len(np.unique(X_out)) == n


def test_labels_that_are_all_as_frequent_leave_the_rows_as_they_are():
    Y = np.array([[1, 0], [0, 1]] * 4)
    for sampler in (MLROS(random_state=0), MLRUS(random_state=0), RepeatFactorOverSampler()):
        np.testing.assert_array_equal(sampler.fit_resample(Y, Y)[1], Y)
        assert sampler.prior_offset_.tolist() == [0.0, 0.0]


def test_a_label_that_no_row_has_is_left_out():
    Y = np.column_stack([sets(0), np.zeros(300, dtype=int)])
    for kind in DRAWING:
        with_it, without = kind(random_state=0), kind(random_state=0)
        rows = [
            one.fit_resample(part, part) and one.sample_indices_
            for one, part in ((with_it, Y), (without, Y[:, :5]))
        ]
        np.testing.assert_array_equal(*rows)
        assert with_it.prior_offset_[5] == 0


@pytest.mark.parametrize(
    ("sampler", "match"),
    [
        (MLROS(0), r"percentage=0 is outside \(0, 1000\]"),
        (MLROS("many"), "percentage='many'"),
        (MLROS(float("nan")), "percentage=nan"),
        (MLRUS(100), r"percentage=100 is outside \(0, 100\)"),
        (RepeatFactorOverSampler(1.5), r"threshold=1.5 is outside \(0, 1\]"),
        (RepeatFactorOverSampler("mean"), "threshold='mean'"),
        (MLROS(random_state="x"), "random_state='x' is no seed"),
    ],
)
def test_parameters_that_cannot_be_used_are_named(sampler, match):
    with pytest.raises(UsageError, match=match):
        sampler.fit_resample(sets(0), sets(0))


def test_one_label_has_nothing_to_compare_with():
    Y = sets(0)[:, :1]
    for kind in (MLROS, MLRUS):
        with pytest.raises(TargetError, match=f"one label, 0, and {kind.__name__} compares"):
            kind().fit_resample(Y, Y)
    RepeatFactorOverSampler(0.9, random_state=0).fit_resample(Y, Y)
