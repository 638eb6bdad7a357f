"""Write docs/findings.md, the page of every check, from what the checks say of themselves."""

from __future__ import annotations

from pathlib import Path

from equipoise.diagnose.check import Check
from equipoise.diagnose.registry import known_checks

PATH = Path(__file__).resolve().parents[1] / "docs" / "findings.md"

HEAD = """# Findings

`equipoise diagnose FILE --target COL` looks at data before anything is trained on them; with `--predictions FILE` it
looks at what a model said. Each check ends as an issue (high, medium or low), a tip, passed, or not applicable, and
`--mute CODE` leaves it out. Severity rests on evidence: an interval or a test, never on a rule of thumb alone. The same
from Python:

    import equipoise as eq

    found = eq.diagnose("messages.csv", target="label")
    found.issues, found["EQ105"].evidence, found.frame(), found.plot("classes")

A check of your own takes a few lines: subclass `equipoise.diagnose.check.Check`, decorate it with
`equipoise.diagnose.registry.register`, or name it in an entry point of the group `equipoise.checks`;
`equipoise.testing.checks.check_finding` tests that it keeps the promises of ours.

This page is written by `scripts/write_findings_docs.py` from the checks themselves; `equipoise diagnose --explain CODE`
prints the same.
"""

MEASURED = """## How often they are right

`benchmarks/planted_faults.py` plants one fault at a time into simulated data (1,500 rows, a class of 20 % that four
columns together tell well) or predictions (2,000 rows), 50 times each. "Found" counts the runs in which the check that
is meant raised an issue; "true beside it" issues of other checks that are true of such data; the last column all others.

| fault | check | found of 50 | true beside it | false alarms |
|---|---|---|---|---|
| none | | | | none |
| none, even classes that overlap | | | | none |
| none, a second file of the same kind | | | | none |
| 5 % of the rare labels flipped | EQ109 | 45 | | none |
| 10 % of the rows are copies | EQ105 | 50 | | none |
| a column known after the outcome only | EQ112 | 50 | | none |
| a class missing in the second file | EQ104 | 50 | EQ111 50 | none |
| the rare class twice as frequent in the second file | EQ111 | 50 | | none |
| right probabilities, even classes | | | | none |
| right probabilities, a rare class well apart | | | | none |
| right probabilities, a rare class that overlaps | | | EQ201 50, EQ203 50, EQ207 17 | EQ204 1 |
| overconfident, a rare class that overlaps | EQ206 | 50 | EQ201 50, EQ203 50, EQ204 50, EQ207 17 | none |
| overconfident, even classes | EQ206 | 50 | | none |
| the threshold far off, a rare class that overlaps | EQ207 | 50 | EQ201 50, EQ203 50 | EQ204 1 |
| the threshold far off, even classes | EQ207 | 50 | | none |

A model that is right in each probability still misses most rows of a rare class that overlaps (EQ201), calls it too
seldom (EQ203), and by macro F1 has a better threshold (EQ207). Of labels flipped at random, those of rows near the
boundary look like any other row there, and no check can tell them.
"""


def document() -> str:
    """Return the content of the page."""
    parts = [HEAD]
    for stage, title in (("before", "Before training"), ("after", "After training")):
        checks = [one for one in known_checks() if one.stage == stage and one.code.startswith("EQ")]
        parts.append(f"## {title}\n")
        parts.append("| code | name | what |\n|---|---|---|\n" + "".join(map(_row, checks)))
        parts += [_section(one) for one in checks]
    return "\n".join([*parts, MEASURED])


def _row(check: Check) -> str:
    return (
        f"| [{check.code}](#{check.code.lower()}-{check.name}) | `{check.name}` | {check.title} |\n"
    )


def _section(check: Check) -> str:
    paragraphs = [" ".join(one.split()) for one in check.explain.split("\n\n")]
    body = "\n\n".join(paragraphs)
    return f"### {check.code} {check.name}\n\n{check.title}. For {', '.join(sorted(check.tasks))}.\n\n{body}\n"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
