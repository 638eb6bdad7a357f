"""Every check keeps the promises of a check; a third party's is taken in a few lines."""

from __future__ import annotations

import pytest

from equipoise.diagnose.check import CLASSES, Check
from equipoise.diagnose.registry import CHECKS, find_check, known_checks, register
from equipoise.errors import UsageError
from equipoise.results.findings import Finding
from equipoise.testing.checks import check_finding


@pytest.mark.parametrize("code", [check.code for check in known_checks()])
def test_check_keeps_its_promises(code: str) -> None:
    check_finding(find_check(code))


def test_codes_and_names_are_told_apart() -> None:
    checks = known_checks()
    assert len({one.name for one in checks}) == len(checks)
    for one in checks:
        assert one.code.startswith("EQ1" if one.stage == "before" else "EQ2")
        assert one.name not in one.code


class Own(Check):
    code, name, title, stage = "XY901", "own-check", "A check of someone else", "before"
    tasks = CLASSES
    explain = "Counts rows.\n\nDo nothing."

    def examine(self, subject):
        return self.passed(f"{subject.n} rows")


def test_a_third_party_adds_a_check() -> None:
    register(Own)
    try:
        assert find_check("xy901").name == "own-check"
        check_finding(find_check("own-check"))
        import equipoise as eq

        found = eq.diagnose({"x": [1.5, 2.5, 0.5, 3.5] * 5, "y": ["a", "b"] * 10}, "y")
        assert found["XY901"].summary == "20 rows"
    finally:
        del CHECKS["XY901"]


def test_a_check_that_breaks_a_promise_is_told() -> None:
    class Mute(Own):
        def examine(self, subject):
            return self.issue("high", "bad", {"n": 1})

    with pytest.raises(AssertionError, match="without an action"):
        check_finding(Mute())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"code": "nine"}, "code='nine'"),
        ({"name": "Two Words"}, "name='Two Words'"),
        ({"stage": "during"}, "stage='during'"),
        ({"code": "EQ101"}, "has the code or name of ClassRatio"),
    ],
)
def test_register_refuses(changes: dict[str, str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        register(type("Other", (Own,), changes))
    assert "XY901" not in CHECKS


def test_unknown_check_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean EQ105"):
        find_check("exact-copy")


def test_finding_refuses_what_does_not_fit() -> None:
    known = ("EQ999", "name", "title", "before")
    with pytest.raises(UsageError, match="state='bad'"):
        Finding(*known, "bad", None, "x")
    with pytest.raises(UsageError, match="severity None"):
        Finding(*known, "issue", None, "x")
    with pytest.raises(UsageError, match="severity 'high'"):
        Finding(*known, "passed", "high", "x")
