"""The report of a trial: one HTML file that opens offline, and the charts it is made of."""

from equipoise.report.rendering import render_html, write_report

__all__ = ["render_html", "write_report"]
