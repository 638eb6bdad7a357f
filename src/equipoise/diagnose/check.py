"""The interface of a check: subclass, look, and return what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from equipoise.diagnose.finding import Finding, Severity, Stage, State, plain

__all__ = ["CLASSES", "TASKS", "Check"]

CLASSES = frozenset({"binary", "multiclass"})
TASKS = CLASSES | {"multilabel", "regression"}


class Check:
    """Base of every check.

    A subclass gives the class attributes and :meth:`examine`; :func:`equipoise.diagnose.registry.register`
    puts it among those that are run.

    Attributes
    ----------
    code : str
        Two letters or more and three digits. Ours are EQ1xx before training and EQ2xx after.
    name : str
        What one types, in lower case with hyphens, such as ``"exact-copies"``.
    title : str
        What one reads.
    stage : {"before", "after"}
        Whether it looks at data (:class:`~equipoise.diagnose.subject.Before`) or at predictions
        (:class:`~equipoise.diagnose.subject.After`).
    tasks : frozenset of str
        Tasks that it applies to.
    fast : bool
        Whether it is quick enough to be run inside a trial; True by default.
    explain : str
        Its page: what it is, how it is judged, with the formula, what to do, papers.

    Examples
    --------
    >>> from equipoise.diagnose.check import CLASSES, Check
    >>> class Odd(Check):
    ...     code, name, title, stage = "XX101", "odd-rows", "An odd number of rows", "before"
    ...     tasks, explain = CLASSES, "Counts the rows."
    ...     def examine(self, subject):
    ...         n = len(subject)
    ...         return self.tip(f"{n} rows are odd", {"rows": n}) if n % 2 else self.passed("even")
    >>> Odd().examine("abc").summary
    '3 rows are odd'
    """

    code: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    stage: ClassVar[Stage]
    tasks: ClassVar[frozenset[str]]
    explain: ClassVar[str]
    fast: ClassVar[bool] = True

    def examine(self, subject: Any) -> Finding:
        """Look at data or predictions and return what was found.

        Parameters
        ----------
        subject : Before or After
            What to look at. It is not changed, but for what it caches.

        Returns
        -------
        Finding
            Made by :meth:`issue`, :meth:`tip`, :meth:`passed` or :meth:`not_applicable`.
        """
        raise NotImplementedError

    def issue(
        self,
        severity: Severity,
        summary: str,
        evidence: Mapping[str, Any],
        action: str = "",
        effect: str = "",
        confidence: str = "",
    ) -> Finding:
        """Report a fault, or a property that will hurt."""
        return self._made("issue", severity, summary, evidence, action, effect, confidence)

    def tip(
        self,
        summary: str,
        evidence: Mapping[str, Any],
        action: str = "",
        effect: str = "",
        confidence: str = "",
    ) -> Finding:
        """Report what is worth knowing."""
        return self._made("tip", None, summary, evidence, action, effect, confidence)

    def passed(self, summary: str, evidence: Mapping[str, Any] | None = None) -> Finding:
        """Say that nothing is wrong, with the numbers."""
        return self._made("passed", None, summary, evidence or {})

    def not_applicable(self, why: str) -> Finding:
        """Say why there is nothing to look at."""
        return self._made("not applicable", None, why, {})

    def _made(
        self,
        state: State,
        severity: Severity | None,
        summary: str,
        evidence: Mapping[str, Any],
        *words: str,
    ) -> Finding:
        known = (self.code, self.name, self.title, self.stage)
        action, effect, confidence = (*words, "", "", "")[:3]
        found = plain(evidence)
        return Finding(*known, state, severity, summary, found, action, effect, confidence)
