"""The tests that imbalanced-learn ships, run on our samplers under its names."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import imblearn

from equipoise import samplers

HERE = Path(__file__).resolve().parent
PACKAGES = ["imblearn.over_sampling", "imblearn.under_sampling", "imblearn.combine"]
SUITES = [*PACKAGES, "imblearn.tests.test_base", "imblearn.tests.test_common"]
# These run in test_conventions.py, and would take minutes here on the classifiers of imbalanced-learn.
ELSEWHERE = "not test_estimators_compatibility_sklearn and not test_estimators_imblearn"
FLOOR = 265

ANOTHER_FAULT = "its labels are of another number than its rows, which is told first"
OUR_WORDS = "the same error in other words: it names the class or parameter and what to do"
EXPECTED = {
    "test_smote_nc.py::test_smotenc_check_target_type": ANOTHER_FAULT,
    "test_smote_nc.py::test_smote_nc_categorical_features_auto_error": ANOTHER_FAULT,
    "test_svm_smote.py::test_svm_smote_not_svm": OUR_WORDS,
    "test_svm_smote.py::test_svm_smote_all_noise": OUR_WORDS,
}


def named_alike() -> set[str]:
    """Names of imbalanced-learn's samplers that we have classes of our own for."""
    theirs = {name for home in PACKAGES for name in importlib.import_module(home).__all__}
    both = theirs & set(samplers.__all__)
    return {name for name in both if getattr(samplers, name).__module__.startswith("equipoise.")}


def run(folder: Path) -> dict[str, Any]:
    """Run them in a process of its own, since names are replaced for good."""
    path = folder / "record.json"
    root = Path(imblearn.__file__).resolve().parents[1]
    line = ["-p", "imblearn_plugin", "-p", "no:cacheprovider", "-p", "no:xdist", "-q", "--tb=no"]
    line += ["-c", os.devnull, "--rootdir", str(root), "--pyargs", *SUITES, "-k", ELSEWHERE]
    known = [str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))},
        "PYTHONPATH": os.pathsep.join(filter(None, known)),
        "IMBLEARN_PLUGIN_RECORD": str(path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_tests_of_imbalanced_learn_pass_on_our_samplers(tmp_path: Path) -> None:
    record = run(tmp_path)
    surprises = [f"{t}: {why}" for t, why in record["failed"].items() if t not in EXPECTED]
    assert not surprises, "\n\n".join(surprises)
    assert set(EXPECTED) <= set(record["failed"]), "excused, and passes"
    assert record["outcomes"]["passed"] >= FLOOR
    assert set(record["replaced"]) == named_alike()
    assert min(record["ours"].get(name, 0) for name in named_alike()) >= 5
    assert not record["theirs"]
