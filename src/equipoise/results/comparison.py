"""The result of a trial: one plain summary, and renderings of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equipoise.errors import DataError, ModelError, NotApplicable, StorageError, UsageError
from equipoise.files import check_writable, write_atomically
from equipoise.frames import build_frame
from equipoise.results.forms import read_json
from equipoise.results.result_document import find_fault_of_result

if TYPE_CHECKING:
    from equipoise.results.model import Model

__all__ = ["Comparison", "check_run_dir"]

_FILES = ("result.json", "leaderboard.csv", "report.html")


class Comparison:
    """What a trial found.

    Attributes
    ----------
    summary : dict
        The content of ``result.json``; every method below is a rendering of it.
    verdict : str
        The headline and the reason, in words.
    recommended : str
        Name of the recommended candidate, such as ``"linear/untreated/tuned"``.
    run_dir : Path or None
        Where the run was written.

    Examples
    --------
    >>> import equipoise as eq, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> y = (X[:, 0] + rng.normal(size=400) > 1.8).astype(int)
    >>> result = eq.compare(X, target=y, learner="linear", strategies="random-under", n_jobs=1)
    >>> result.summary["task"]
    'binary'
    >>> sorted(result.frame()["name"].unique().to_list())
    ['random-under', 'untreated']
    """

    def __init__(
        self,
        summary: dict[str, Any],
        make_model: Callable[[str | None], Model] | None = None,
        run_dir: Path | None = None,
    ) -> None:
        self.summary = summary
        self.run_dir = run_dir
        self._make_model = make_model
        self._models: dict[str, Model] = {}

    @property
    def verdict(self) -> str:
        """The headline and the reason, in words."""
        verdict = self.summary["verdict"]
        return "\n".join([verdict["headline"], verdict["reason"]])

    @property
    def recommended(self) -> str:
        """Name of the recommended candidate: learner/strategy/decision."""
        return str(self.summary["verdict"]["recommended"])

    def frame(self) -> Any:
        """Return the leaderboard as a polars data frame, best first, then what did not apply."""
        return build_frame(leaderboard_columns(self.summary)).to_native()

    def plot(self, kind: str = "leaderboard") -> Any:
        """Draw one of the report's charts; see :func:`equipoise.report.charts.draw` for the kinds."""
        from equipoise.report.charts import draw

        return draw(self.summary, kind)

    def report(self, path: str | Path) -> Path:
        """Write the report, one HTML file that opens offline."""
        from equipoise.report import write_report

        write_report(self.summary, path)
        return Path(path)

    def to_json(self) -> str:
        """Return the summary as a JSON document."""
        return json.dumps(self.summary, indent=1, ensure_ascii=False, allow_nan=False)

    def model(self, candidate: str | None = None) -> Model:
        """Train the recommended candidate, or the named one, on all rows and return it.

        Raises
        ------
        UsageError
            If there is no such candidate.
        """
        if self._make_model is None:
            raise UsageError(
                "this result was read from a file and has no data to train on",
                remedy="load the model that the run saved with equipoise.load(RUN + '/model')",
            )
        name = candidate or self.recommended
        if name not in self._models:
            self._models[name] = self._make_model(candidate)
        return self._models[name]

    def save(self, run_dir: str | Path) -> Path:
        """Write ``report.html``, ``result.json``, ``leaderboard.csv`` and ``model/`` into a folder.

        The model comes last. Where it cannot be trained on all rows, or holds something of your own that
        cannot be loaded again, everything else is there, and ``summary["model"]`` says why it is not.
        """
        folder = Path(run_dir)
        check_run_dir(folder)
        self.summary.pop("model", None)
        self._write(folder)
        self.run_dir = folder
        try:
            self.model().save(folder / "model")
        except (ModelError, NotApplicable) as error:
            self.summary["model"] = {"saved": False, "why_not": str(error)}
            self._write(folder)
        return folder

    def _write(self, folder: Path) -> None:
        text = self.to_json().encode()
        write_atomically(folder / "result.json", lambda file: file.write(text))
        table = leaderboard_csv(self.summary).encode()
        write_atomically(folder / "leaderboard.csv", lambda file: file.write(table))
        self.report(folder / "report.html")

    @classmethod
    def read(cls, run_dir: str | Path) -> Comparison:
        """Read the result of a run from its folder.

        Raises
        ------
        DataError
            If the folder holds no finished run.
        """
        folder = Path(run_dir)
        path = folder / "result.json" if folder.is_dir() else folder
        try:
            summary = read_json(path)
            known = summary["schema_version"] == 1 and summary["kind"] == "comparison"
        except FileNotFoundError:
            unfinished = (folder / "journal").is_dir()
            raise DataError(
                f"{str(folder)!r} holds no {'finished ' if unfinished else ''}run: there is no result.json",
                remedy="give the same `equipoise compare` command again and it goes on"
                if unfinished
                else "give the folder that `equipoise compare` named",
            ) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{str(path)!r} cannot be read as a result ({type(error).__name__}: {error})",
                remedy="run `equipoise compare` again with the same --run-dir: what it trained is kept there",
            ) from None
        if not known:
            raise DataError(
                f"{str(path)!r} has schema_version {summary['schema_version']!r:.40} and kind "
                f"{summary['kind']!r:.40}",
                remedy="read it with the version of equipoise that wrote it",
            )
        fault = find_fault_of_result(summary)
        if fault is not None:
            raise DataError(
                f"{str(path)!r} is damaged or was changed: {fault}",
                remedy="run `equipoise compare` again with the same --run-dir: what it trained is kept there",
            )
        return cls(summary, run_dir=folder if folder.is_dir() else folder.parent)

    def __repr__(self) -> str:
        name = self.summary["metric"]["name"]
        lines = [self.summary["verdict"]["headline"], ""]
        entries = [one for one in self.summary["strategies"] if one["applicable"]]
        shown = entries[:10] + [one for one in entries[10:] if one["id"] == self.recommended]
        width = max(len(one["id"]) for one in shown)
        for one in shown:
            value = one["metrics"][name]
            tied = "=" if one["tied_with_best"] else " "
            mark = ">" if one["id"] == self.recommended else tied
            number = "not defined" if value["mean"] is None else f"{value['mean']:.3f}"
            lines.append(f"{mark} {one['id']:<{width}}  {number}")
        if len(entries) > len(shown):
            lines.append(f"  ... and {len(entries) - len(shown)} more")
        lines += [
            "",
            f"{name}; > recommended, = cannot be told apart from the best",
            "next: .model(), .report(path)",
        ]
        if "model" in self.summary:
            lines.append(f"the model was not saved: {self.summary['model']['why_not']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def check_run_dir(folder: Path) -> None:
    """Refuse a folder that cannot take what a run writes, before the work of the run.

    Raises
    ------
    StorageError
        If it cannot be written to, or something that is not of a run is in the way.
    """
    from equipoise.results.storage import check_place

    for name in _FILES:
        check_writable(folder / name)
        if (folder / name).is_dir():
            raise StorageError(
                f"{str(folder / name)!r} is a folder, where a run writes a file",
                remedy="choose another --run-dir, or remove that folder",
            )
    check_place(folder / "model")


def leaderboard_columns(summary: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the leaderboard as columns: identity, every metric with its interval, difference, cost."""
    entries = summary["strategies"]
    names = list(next((one["metrics"] for one in entries if one["metrics"]), {}))
    out: dict[str, list[Any]] = {
        key: [one[key] for one in entries]
        for key in ("id", "learner", "name", "decision", "family", "applicable", "tied_with_best")
    }
    for name in names:
        for part, suffix in (("mean", ""), ("low", "_low"), ("high", "_high")):
            column = [(one["metrics"].get(name) or {}).get(part) for one in entries]
            out[name + suffix] = [None if v is None else float(v) for v in column]
    for key in ("mean", "low", "high", "p", "p_corrected"):
        column = [(one["difference"] or {}).get(key) for one in entries]
        out[f"difference_{key}"] = [None if v is None else float(v) for v in column]
    for key in ("seconds", "rows_trained"):
        out[key] = [float(one[key]) for one in entries]
    out["why_not"] = [one["why_not"] for one in entries]
    return out


def leaderboard_csv(summary: dict[str, Any]) -> str:
    """Return the leaderboard as CSV."""
    import csv
    import io

    columns = leaderboard_columns(summary)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return file.getvalue()
