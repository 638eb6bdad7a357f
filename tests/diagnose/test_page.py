"""docs/findings.md says what the checks say."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current() -> None:
    written = runpy.run_path(str(ROOT / "scripts" / "write_findings_docs.py"))
    assert written["PATH"].read_text(encoding="utf-8") == written["document"](), "run `make docs`"
