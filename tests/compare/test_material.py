"""What is made of each row by itself: other rows, their texts and their labels, play no part in it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import equipoise as eq
from equipoise.compare.fold import Fold
from equipoise.compare.material import Material
from equipoise.data.dataset import load_dataset
from equipoise.data.folds import make_folds
from equipoise.strategies.resampling import ROWS

WORDS = np.array(["tea", "bus", "home", "late", "call", "sunny", "rain", "prize", "Straße", "né"])


def draw(n=60, rare=15, seed=0):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 6)) for _ in range(n)]
    return texts, (np.arange(n) < rare).astype(int)


def read(texts, y, **columns):
    columns = {"text": texts, **columns}
    return load_dataset({**columns, "y": y}, "y", text=list(columns), seed=0)


def changed_forms(texts, y, seed=0):
    """Return the changed texts of each row that has some."""
    data = read(texts, y)
    return by_row(Material(data.table, data.y, seed).changed)


def by_row(changed):
    out = {}
    for *row, parent in zip(*changed.table.texts, changed.parents.tolist(), strict=True):
        out.setdefault(parent, []).append(tuple(row))
    return out


def without(forms, *rows):
    return {row: own for row, own in forms.items() if row not in rows}


@pytest.mark.parametrize("row", [0, 7, 14, 40], ids=["first", "middle", "last", "common"])
def test_the_text_of_one_row_changes_nothing_of_the_others(row):
    texts, y = draw()
    before = changed_forms(texts, y)
    for text in ("quite other words, and more of them than before", "", texts[3]):
        edited = [text if i == row else old for i, old in enumerate(texts)]
        after = changed_forms(edited, y)
        assert without(after, row) == without(before, row)
        assert (after.get(row) == before.get(row)) == (row == 40)


@pytest.mark.parametrize("row", [0, 7, 40])
def test_the_label_of_one_row_changes_nothing_of_the_others(row):
    texts, y = draw()
    before = changed_forms(texts, y)
    relabelled = np.where(np.arange(len(y)) == row, 1 - y, y)
    after = changed_forms(texts, relabelled)
    assert without(after, row) == without(before, row)
    # Its own are there or not, as it is of the rarer class or not.
    assert (row in before, row in after) == (row < 15, row >= 15)


def test_forms_are_those_of_the_text_in_whatever_order_and_company():
    texts, y = draw()
    before = changed_forms(texts, y)
    order = np.random.default_rng(1).permutation(len(y))
    after = changed_forms([texts[i] for i in order], y[order])
    assert {int(order[row]): own for row, own in after.items()} == before
    alone = changed_forms([texts[4], "", "one more", "another one", "c"], [1, 1, 0, 0, 0])
    assert alone == {0: before[4]}
    twins = changed_forms([texts[4], texts[4], "a b", "c d", "e f"], [1, 1, 0, 0, 0])
    assert twins == {0: before[4], 1: before[4]}


def test_forms_differ_from_their_text_and_from_each_other_and_with_the_seed():
    texts, y = draw()
    forms = changed_forms(texts, y)
    assert list(forms) == list(range(15))
    for row, own in forms.items():
        assert len({(texts[row],), *own}) == 3
        for (text,) in own:
            assert set(text.split()) & set(texts[row].split())
    assert changed_forms(texts, y) == forms
    other = changed_forms(texts, y, seed=1)
    assert sum(other[row] != forms[row] for row in forms) > 10
    methods = {len(text.split()) for own in forms.values() for (text,) in own}
    assert methods == {5, 6, 7}  # left out, swapped or misspelled, a mark put in


def test_all_classes_but_the_largest_have_forms():
    texts, _ = draw(12)
    forms = changed_forms(texts, [2] * 2 + [1] * 4 + [0] * 6)
    assert list(forms) == list(range(6))
    assert changed_forms(texts, [0] * 6 + [1] * 6) == {}


def test_columns_of_text_are_changed_by_the_same_method_and_the_rest_is_the_row_s_own():
    texts, y = draw(200, 80)
    titles, _ = draw(200, seed=1)
    titles = [f"{title} {title}".replace("é", "e") for title in titles]
    number = np.arange(200.0)
    data = load_dataset(
        {"text": texts, "title": titles, "number": number, "y": y},
        "y",
        text=["text", "title"],
        seed=0,
    )
    changed = Material(data.table, data.y, 0).changed
    np.testing.assert_array_equal(changed.table.numbers[:, 0], number[changed.parents])
    assert changed.table.n == len(changed.parents) == 160
    old = [dict(enumerate(column)) for column in data.table.texts]
    kinds = set()
    for *row, parent in zip(*changed.table.texts, changed.parents.tolist(), strict=True):
        more = [
            int(np.sign(len(new.split()) - len(column[parent].split())))
            for new, column in zip(row, old, strict=True)
        ]
        assert more[0] == more[1]  # a word less, as many, or a mark more, in both
        kinds.add(more[0])
    assert kinds == {-1, 0, 1}


def test_columns_are_told_apart_and_an_empty_one_stays_empty():
    _, y = draw(8, 3)
    one = read(["tea at home"] * 8, y, title=[""] * 8)
    two = read([""] * 8, y, title=["tea at home"] * 8)
    three = read(
        ["tea", "tea at", "tea at home", *"abcde"], y, title=["at home", "home", *"fghijk"]
    )
    changed = [by_row(Material(data.table, data.y, 0).changed) for data in (one, two, three)]
    assert all(title == "" for own in changed[0].values() for _, title in own)
    assert all(text == "" for own in changed[1].values() for text, _ in own)
    assert all(len(set(own)) == 2 for each in changed for own in each.values())


def test_ugly_texts_have_the_forms_that_there_are():
    ugly = [
        "",
        "  ",
        "\n\t",
        "a",
        "你好世界",
        "42",
        "👩‍👩‍👧 👍🏽",
        "e\u0301 e\u0301",
        "\udc80 half",
        "x" * 5000,
    ]
    table = read([*"abcdefghij", *"klmnopqrstu"], [1] * 10 + [0] * 11).table
    texts = table.texts[0].copy()
    texts[:10] = ugly  # as some reader may hand them on
    y = np.array([1] * 10 + [0] * 11)
    material = Material(replace(table, texts=[texts]), y, 0)
    forms = by_row(material.changed)
    assert list(forms) == [3, 4, 5, 6, 7, 8, 9]
    for row, own in forms.items():
        assert len({(ugly[row],), *own}) == 1 + len(own) == 3
    assert material.changed.table.texts[0].dtype == object


def test_without_texts_that_can_be_changed_copies_fill_up_the_class():
    rng = np.random.default_rng(0)
    y = (np.arange(40) < 10).astype(int)
    texts = np.where(y == 1, "", [" ".join(rng.choice(WORDS, 4)) for _ in y]).tolist()
    data = read(texts, y)
    material = Material(data.table, data.y, 0)
    assert len(material.changed.parents) == material.changed.table.n == 0
    drawn = make_folds(data.y, None, None, 2, seed=0)
    fold = Fold(data, drawn.splits[0], 0, material)
    made = fold.resampled(ROWS["text-augmentation"], "linear")
    assert np.bincount(made.y).tolist() == [15, 15]
    assert made.rows.max() < len(fold.y)


def test_a_fold_trains_on_the_same_texts_whatever_the_test_rows_hold():
    texts, y = draw(90, 24)
    split = make_folds(y, None, None, 3, seed=0).splits[0]

    def trained_on(texts, y):
        data = read(texts, y)
        material = Material(data.table, data.y, 0)
        fold = Fold(data, split, 0, material)
        rows = fold.resampled(ROWS["text-augmentation"], "linear").rows
        return np.concatenate([data.table.texts[0][split.train], material.changed.table.texts[0]])[
            rows
        ]

    rare = [int(i) for i in split.test if y[i] == 1]
    common = [int(i) for i in split.test if y[i] == 0]
    other, labels = list(texts), y.copy()
    other[rare[0]], other[common[0]] = "", "words of no other row"
    labels[[rare[1], common[1]]] = 0, 1
    before = trained_on(texts, y)
    assert len(set(before)) > 60 + 10  # changed texts are among them
    np.testing.assert_array_equal(before, trained_on(other, labels))
    labels[rare[2]] = 0  # and the classes need not balance out
    np.testing.assert_array_equal(before, trained_on(other, labels))


@pytest.mark.parametrize("learner", ["linear", "boosting"])
def test_it_trains_models_of_words(learner):
    texts, y = draw(120, 30)
    texts = [f"{text} {'win' if label else 'see'}" for text, label in zip(texts, y, strict=True)]
    data = {"text": texts, "y": y}
    names = ["untreated", "text-augmentation"]
    result = eq.compare(data, target="y", text="text", learner=learner, strategies=names, folds=2)
    rows = {one["name"]: one for one in json.loads(result.to_json())["strategies"]}
    assert all(rows[name]["applicable"] for name in names)
