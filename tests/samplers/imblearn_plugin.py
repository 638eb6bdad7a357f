"""A plugin of pytest that runs imbalanced-learn's own tests on our samplers.

For a process of its own, with ``-p imblearn_plugin``: before anything is collected, every name of a
sampler of imbalanced-learn, wherever it stands in that package, is given to our class of that name. What
happened is written as JSON to the file that ``IMBLEARN_PLUGIN_RECORD`` names.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import pkgutil
import sys
from collections import Counter
from pathlib import Path

HOMES = ("imblearn.over_sampling", "imblearn.under_sampling", "imblearn.combine")
# These draw up tables of classes when they are imported, and by then the classes must be ours.
LATE = {"imblearn.utils.estimator_checks", "imblearn.utils._test_common.instance_generator"}
OTHER_PACKAGES = {"keras", "tensorflow", "tests"}

ours_ran: Counter[str] = Counter()
theirs_ran: Counter[str] = Counter()
outcomes: Counter[str] = Counter()
failed: dict[str, str] = {}


def pytest_configure():
    pairs = {theirs: ours for _, theirs, ours in replacements()}
    for module in imported():
        for name, value in list(vars(module).items()):
            if inspect.isclass(value) and value in pairs:
                setattr(module, name, pairs[value])
    for theirs, ours in pairs.items():
        count(ours, ours_ran, lambda one: True)
        count(theirs, theirs_ran, lambda one: type(one) in pairs)


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.outcome] += 1
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        failed[report.nodeid.split("/")[-1]] = crash.message if crash else str(report.longrepr)


def pytest_collectreport(report):
    if report.failed:
        failed[report.nodeid] = str(report.longrepr)


def pytest_sessionfinish():
    record = {
        "ours": ours_ran,
        "theirs": theirs_ran,
        "outcomes": outcomes,
        "failed": failed,
        "replaced": sorted(name for home in HOMES for name in given_by(home)),
    }
    Path(os.environ["IMBLEARN_PLUGIN_RECORD"]).write_text(json.dumps(record), encoding="utf-8")


def given_by(home):
    """List the names under which a package of imbalanced-learn gives classes of ours."""
    module = importlib.import_module(home)
    names = module.__all__
    return [n for n in names if getattr(module, n).__module__.startswith("equipoise.")]


def replacements():
    """Yield each name that both packages have, with their class and ours."""
    from equipoise import samplers

    for home in HOMES:
        module = importlib.import_module(home)
        for name in set(module.__all__) & set(samplers.__all__):
            ours = getattr(samplers, name)
            if ours.__module__.startswith("equipoise."):
                yield name, getattr(module, name), ours


def imported():
    """Import the modules of imbalanced-learn, and return all that are there."""
    import imblearn

    for found in pkgutil.walk_packages(imblearn.__path__, "imblearn."):
        if not OTHER_PACKAGES & set(found.name.split(".")) and found.name not in LATE:
            importlib.import_module(found.name)
    return [module for name, module in sys.modules.items() if name.split(".")[0] == "imblearn"]


def count(kind, calls, counts):
    plain = kind.fit_resample

    @functools.wraps(plain)
    def fit_resample(self, *args, **kwargs):
        if counts(self):
            calls[type(self).__name__] += 1
        return plain(self, *args, **kwargs)

    kind.fit_resample = fit_resample
