"""The result of a diagnosis: one plain summary, and renderings of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import TextWrapper
from typing import Any

from equipoise.errors import UsageError
from equipoise.frames import build_frame
from equipoise.results.findings import Finding

__all__ = ["SCHEMA_VERSION", "Diagnosis"]

SCHEMA_VERSION = 1
LINES, WIDTH = 40, 96

_INDENT = 7

Line = tuple[str, str]
"""A style (issue, tip, dim or nothing) and a line of text."""


class Diagnosis:
    """What the checks found.

    Attributes
    ----------
    summary : dict
        Plain content that the renderings are made from.
    findings : list of Finding
        Issues by severity, tips, then what passed or does not apply.

    Examples
    --------
    >>> import equipoise as eq
    >>> found = eq.diagnose({"x": range(100), "z": [1, 5] * 50, "y": ["a"] * 90 + ["b"] * 10}, "y")
    >>> found["class-ratio"].evidence["ratio"]
    9.0
    >>> found.frame().columns
    ['code', 'name', 'state', 'severity', 'summary', 'action', 'effect', 'confidence']
    """

    def __init__(self, summary: dict[str, Any]) -> None:
        self.summary = summary
        self.findings = [Finding.from_dict(one) for one in summary["findings"]]

    def __getitem__(self, name: str) -> Finding:
        """Return the finding of a check, by its code or name."""
        for finding in self.findings:
            if name in (finding.code, finding.name):
                return finding
        known = [finding.code for finding in self.findings]
        raise UsageError(
            f"no check {name!r} was run", remedy=f"the codes are {', '.join(sorted(known))}"
        )

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @property
    def issues(self) -> list[Finding]:
        """The findings that are issues, the gravest first."""
        return [one for one in self.findings if one.state == "issue"]

    def frame(self) -> Any:
        """Return the findings as a polars data frame, one row for each check."""
        keys = ["code", "name", "state", "severity", "summary", "action", "effect", "confidence"]
        rows = [one.to_dict() for one in self.findings]
        return build_frame({key: [row[key] for row in rows] for key in keys}).to_native()

    @property
    def kinds(self) -> list[str]:
        """The pictures that :meth:`plot` can draw of these findings."""
        from equipoise.report.charts.findings import kinds_of

        return kinds_of(self.summary)

    def plot(self, kind: str | None = None) -> Any:
        """Draw a picture of what was found, as an Altair chart.

        Parameters
        ----------
        kind : str, optional
            One of :attr:`kinds`; the first by default.

        Raises
        ------
        UsageError
            If there is no such picture of these findings.
        """
        import altair

        return altair.Chart.from_dict(self.spec(kind))

    def spec(self, kind: str | None = None) -> dict[str, Any]:
        """Return the Vega-Lite definition of a picture; see :meth:`plot`."""
        from equipoise.report.charts.findings import spec_of

        return spec_of(self.summary, kind)

    def to_json(self) -> str:
        """Return the summary as a JSON document."""
        return json.dumps(self.summary, indent=1, ensure_ascii=False, allow_nan=False)

    def lines(self, width: int = WIDTH, most: int = LINES) -> list[Line]:
        """Return the diagnosis in words: issues, tips, one paragraph of the rest.

        Parameters
        ----------
        width : int, default 96
            Characters of a line.
        most : int, default 40
            Lines to be content with: effects, then what to do about tips, then minor tips make room.

        Returns
        -------
        list of (str, str)
            Style and text of each line; a style is "high", "medium", "low", "tip", "dim" or "".
        """
        lines: list[Line] = []
        for terse in range(6):
            lines = [*self._head(width), *self._body(width, terse), *self._tail(width)]
            if len(lines) <= most:
                break
        return lines

    def _head(self, width: int) -> list[Line]:
        about = self.summary
        what = (
            f"{about['source']}, target {about['target']}" if about["target"] else about["source"]
        )
        rows = f"{what}: {about['rows']:,} rows, {about['task']}"
        if "other" in about:
            rows += f"; beside {about['other']['source']}: {about['other']['rows']:,} rows"
        if "predictions" in about:
            rows += f"; predictions of {about['predictions']['rows']:,} rows"
        return [("", line) for line in wrap(_safe(rows), width)] + [("", "")]

    def _body(self, width: int, terse: int) -> list[Line]:
        lines: list[Line] = []
        for title, state in (("ISSUES", "issue"), ("TIPS", "tip")):
            found = [one for one in self.findings if one.state == state]
            if not found:
                if state == "issue":
                    lines += [("", "no issues"), ("", "")]
                continue
            lines.append(("dim", title))
            for one in found:
                lines += _spelt(one, width, terse)
            lines.append(("", ""))
        return lines

    def _tail(self, width: int) -> list[Line]:
        out: list[Line] = []
        for state in ("passed", "not applicable", "muted"):
            names = [f"{one.code} {one.name}" for one in self.findings if one.state == state]
            if state == "not applicable":
                names = [name.split()[0] for name in names]
            if names:
                out += [("dim", line) for line in wrap(f"{state}: {', '.join(names)}", width)]
        return out

    def __repr__(self) -> str:
        words = [text.rstrip() for _, text in self.lines()]
        return "\n".join([*words, "next: .frame(), .plot(), ['EQ101'].evidence, .to_json()"])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def _spelt(one: Finding, width: int, terse: int) -> list[Line]:
    """Say a finding in lines; the terser, the less of what follows from it."""
    word = one.severity or "tip"
    style = word
    minor = one.state == "tip" or one.severity == "low"
    gap = " " * _INDENT
    lines = wrap(_safe(f"{one.code}  {_bracket(one)}{one.summary}"), width, subsequent_indent=gap)
    out: list[Line] = [(style, line) for line in lines]
    if terse >= 4 and minor and len(out) > 1:
        out = [(style, lines[0][: width - 1].rstrip() + "…")]
    # What is given up first: the effects of minor findings, all effects, what to do about tips, about the rest.
    if one.action and terse < (3 if one.state == "tip" else 4 if minor else 5):
        out += _indented(f"do: {one.action}", width)
    if one.measured is not None:
        out += _indented(f"measured: {_measured(one.measured)}", width)
    elif one.effect and one.state == "issue" and terse < (1 if minor else 2):
        out += _indented(f"expect: {one.effect}", width)
    return out


def _bracket(one: Finding) -> str:
    return f"{one.severity}: " if one.severity else ""


def _indented(text: str, width: int) -> list[Line]:
    gap = " " * _INDENT
    lines = wrap(_safe(text), width, initial_indent=gap, subsequent_indent=gap + "    ")
    return [("dim", line) for line in lines]


def _measured(found: Mapping[str, Any]) -> str:
    change = found["difference"]
    p = found["p_corrected"]
    sure = "" if p is None else f", corrected p = {p:.2g}"
    return (
        f"{found['strategy']} changed {found['metric']} by {change['value']:+.3f} "
        f"({change['low']:+.3f} to {change['high']:+.3f}{sure})"
    )


def wrap(text: str, width: int, initial_indent: str = "", subsequent_indent: str = "") -> list[str]:
    """Break text into lines, never within a word that has hyphens: it may be a name to type."""
    return TextWrapper(
        width,
        initial_indent,
        subsequent_indent,
        break_on_hyphens=False,
    ).wrap(text)


def _safe(text: str) -> str:
    """Keep what is in the data from moving the cursor of a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
