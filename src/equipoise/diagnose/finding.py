"""What a check found; it lives beside the result that holds it."""

from __future__ import annotations

from equipoise.results.findings import Finding, Severity, Stage, State, interval, plain

__all__ = ["Finding", "Severity", "Stage", "State", "interval", "plain"]
