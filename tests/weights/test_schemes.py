from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_class_weight

from equipoise.errors import TargetError, UsageError
from equipoise.weights import class_weights, parse_given, sample_weights

counts_of_classes = st.lists(st.integers(1, 50), min_size=2, max_size=6)


def rows(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


@hypothesis_given(counts_of_classes)
def test_balanced_is_what_scikit_learn_calls_balanced(counts: list[int]) -> None:
    y = rows(counts)
    expected = compute_class_weight("balanced", classes=np.unique(y), y=y)
    np.testing.assert_allclose(class_weights(y), expected)
    assert class_weights(y)[y].mean() == pytest.approx(1)


def test_published_weights_of_sms_spam() -> None:
    # A four-fifths training part of SMS Spam; the published numbers are 0.576 and 3.784.
    y = np.array(["ham"] * 3869 + ["spam"] * 589)
    assert class_weights(y).round(3).tolist() == [0.576, 3.784]


@hypothesis_given(counts_of_classes, st.sampled_from(["ins", "isns", "ens"]))
def test_other_schemes_sum_to_the_number_of_classes(counts: list[int], scheme: str) -> None:
    weights = class_weights(rows(counts), scheme)
    assert weights.sum() == pytest.approx(len(counts))
    order = np.argsort(counts, kind="stable")
    assert (np.diff(weights[order]) <= 1e-12).all()


def test_formulas() -> None:
    y = rows([100, 4])
    ins = class_weights(y, "ins")
    assert ins[1] / ins[0] == pytest.approx(25)
    isns = class_weights(y, "isns")
    assert isns[1] / isns[0] == pytest.approx(5)
    ens = class_weights(y, "ens", beta=0.9)
    assert ens[1] / ens[0] == pytest.approx((1 - 0.9**100) / (1 - 0.9**4))


def test_effective_number_at_its_ends() -> None:
    y = rows([1000, 10])
    np.testing.assert_array_equal(class_weights(y, "ens", beta=0), [1, 1])
    np.testing.assert_allclose(
        class_weights(y, "ens", beta=1 - 1e-13), class_weights(y, "ins"), rtol=1e-6
    )


@pytest.mark.parametrize("scheme", ["balanced", "ins", "isns", "ens"])
def test_class_without_rows_gets_one(scheme: str) -> None:
    weights = class_weights([0, 0, 2], scheme, classes=["a", "b", "c"])
    assert weights[1] == 1
    np.testing.assert_allclose(weights[[0, 2]], class_weights([0, 0, 2], scheme))


def test_given() -> None:
    y = ["ham", "spam"]
    assert class_weights(y, given=parse_given("spam=10,ham=0.576")).tolist() == [0.576, 10]
    assert class_weights([3, 7], given={"3": 2.0, "7": 1.0}).tolist() == [2, 1]
    assert class_weights(y, given=[1, 2]).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scheme": "balance"}, "did you mean 'balanced'"),
        ({"scheme": "ens", "beta": 1.0}, "beta=1.0"),
        ({"scheme": "ens", "beta": float("nan")}, "beta=nan"),
        ({"given": {"ham": 1.0}}, "no weight is given for class 'spam'"),
        ({"given": {"ham": 1.0, "spam": 1.0, "spm": 2.0}}, "'spm' may be 'spam'"),
        ({"given": {"ham": 1.0, "spam": 0.0}}, "class 'spam' is not a positive"),
        ({"given": {"ham": 1.0, "spam": "x"}}, "not numbers"),
        ({"given": [1.0]}, "1 weights are given for 2 classes"),
    ],
)
def test_wrong_use_names_the_value_and_the_remedy(arguments: dict, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        class_weights(["ham", "spam"], **arguments)
    assert words in str(caught.value)


def test_codes_and_rows_are_checked() -> None:
    with pytest.raises(UsageError, match="class code 2 has no label"):
        class_weights([0, 2], classes=["a", "b"])
    with pytest.raises(UsageError, match="integers"):
        class_weights(["a"], classes=["a", "b"])
    with pytest.raises(TargetError):
        class_weights([])
    with pytest.raises(TargetError):
        sample_weights([], [1.0])
    with pytest.raises(UsageError, match="class code 1 has no weight"):
        sample_weights([0, 1], [1.0])
    with pytest.raises(UsageError, match="no weight is given for class 'b'"):
        sample_weights(["a", "b"], {"a": 1.0})
    y = ["spam", "ham", "ham", "ad"]
    with pytest.raises(UsageError, match="'spam' is no class code") as caught:
        sample_weights(y, class_weights(y))
    # What the message says to write does what was meant.
    code = "dict(" + str(caught.value.remedy).partition("dict(")[2]
    by_label = eval(code, {"y": y, "weights": class_weights(y)})
    np.testing.assert_allclose(sample_weights(y, by_label), [4 / 3, 2 / 3, 2 / 3, 4 / 3])


@hypothesis_given(counts_of_classes, st.data())
def test_row_weights_have_mean_one_and_keep_the_ratios(
    counts: list[int], data: st.DataObject
) -> None:
    y = rows(counts)
    table = data.draw(st.lists(st.floats(0.01, 100), min_size=len(counts), max_size=len(counts)))
    weights = sample_weights(y, table)
    assert weights.mean() == pytest.approx(1)
    ratio = weights / np.asarray(table)[y]
    np.testing.assert_allclose(ratio, ratio[0])
    by_label = sample_weights([f"c{code}" for code in y], {f"c{i}": w for i, w in enumerate(table)})
    np.testing.assert_allclose(by_label, weights)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ham",
        "=3",
        "ham=x",
        "ham=-1",
        "ham=0",
        "ham=nan",
        "a=1,a=2",
        "{",
        '{"a": null}',
        '{"a":1,"a":2}',
    ],
)
def test_given_text_that_cannot_be_used(text: str) -> None:
    with pytest.raises(UsageError):
        parse_given(text)


def test_given_text() -> None:
    assert parse_given(" ham = 1 , spam=2,") == {"ham": 1, "spam": 2}
    assert parse_given('{"a, b": 3}') == {"a, b": 3}
