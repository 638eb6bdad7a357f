"""A fit that fails: what is the fault of the treatment is kept and told, what is that of the machine ends the trial."""

from __future__ import annotations

import errno
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

import equipoise as eq
from equipoise.compare.machine import lacks_memory
from equipoise.errors import DataError, NotApplicable

NO_ROOM = OSError(errno.ENOSPC, "No space left on device")
ON_A_CPU = RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate")


class Fails(GaussianNB):
    """Raises what :attr:`of_size` holds for the number of rows; None stands for all others."""

    of_size: ClassVar[dict[int | None, Exception]] = {}
    fits = 0

    def fit(self, X, y, sample_weight=None):
        type(self).fits += 1
        found = self.of_size.get(len(y), self.of_size.get(None))
        if found is not None:
            raise found
        return super().fit(X, y, sample_weight)


@pytest.fixture
def failing(monkeypatch):
    monkeypatch.setattr(Fails, "fits", 0)
    return lambda of_size: monkeypatch.setattr(Fails, "of_size", of_size)


@pytest.fixture
def trial(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [90, 30])
    X = rng.normal(size=(120, 2)) + y[:, None]

    def run(**options):
        given = {"learner": Fails(), "strategies": "weights-balanced,random-under", "folds": 2}
        return eq.compare(X, y, n_jobs=1, run_dir=tmp_path / "run", **{**given, **options})

    return run


def test_the_commonest_reason_is_told_with_its_remedy_and_again_from_the_journal(failing, trial):
    rare = NotApplicable("it is too small", remedy="give it more rows")
    failing({60: NotApplicable("it is too large", remedy="give it fewer rows"), None: rare})
    for fits in (6, 6):
        with pytest.raises(DataError) as told:
            trial()
        assert Fails.fits == fits  # 30 rows of random-under in 2 folds, all 60 in the others
        assert told.value.problem.endswith("in 4 of 6 cases: it is too large")
        assert told.value.problem.startswith("no strategy could be trained on every fold")
        assert told.value.remedy == "give it fewer rows"


def test_a_reason_without_remedy_is_told_as_the_learner_says_it(failing, trial):
    failing({None: OSError("Error while\nreading weights")})  # without a number, as libraries do
    with pytest.raises(DataError, match="fit failed: OSError: Error while reading weights") as told:
        trial()
    assert "fewer folds" not in told.value.remedy
    assert "another learner" in told.value.remedy


def test_what_the_plan_leaves_out_is_told_where_nothing_else_is_there():
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(DataError, match="Fails is not offered for the task regression"):
        eq.compare(X, X[:, 0] + 0.5, task="regression", learner=Fails(), strategies="untreated")


def test_train_hands_on_the_remedy_of_what_does_not_apply(failing):
    failing({None: NotApplicable("it is too small", remedy="give it more rows")})
    X, y = np.arange(60.0)[:, None], np.arange(60) % 3 == 0
    with pytest.raises(NotApplicable, match="untreated: it is too small; give it more rows"):
        eq.train(X, y, learner=Fails(), n_jobs=1)


@pytest.mark.parametrize("error", [NO_ROOM, ON_A_CPU, MemoryError()], ids=["disk", "torch", "own"])
def test_what_the_machine_lacks_ends_the_trial_and_is_not_kept(failing, trial, tmp_path, error):
    failing({30: error})  # that of random-under alone
    with pytest.raises(type(error)) as told:
        trial()
    assert told.value is error
    kept = " ".join(path.name for path in (tmp_path / "run" / "journal").glob("r*.npz"))
    assert "untreated" in kept
    assert "random-under" not in kept


def test_memory_of_a_gpu_is_known_without_importing_torch(monkeypatch):
    class OutOfMemoryError(RuntimeError):
        pass

    full = OutOfMemoryError("CUDA out of memory")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert not lacks_memory(full)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(OutOfMemoryError=OutOfMemoryError))
    assert lacks_memory(full)
    assert not lacks_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
