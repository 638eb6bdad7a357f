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


def document() -> str:
    """Return the content of the page."""
    parts = [HEAD]
    for stage, title in (("before", "Before training"), ("after", "After training")):
        checks = [one for one in known_checks() if one.stage == stage and one.code.startswith("EQ")]
        parts.append(f"## {title}\n")
        parts.append("| code | name | what |\n|---|---|---|\n" + "".join(map(_row, checks)))
        parts += [_section(one) for one in checks]
    return "\n".join(parts)


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
