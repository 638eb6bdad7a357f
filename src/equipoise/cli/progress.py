"""What a trial tells while it runs, on a terminal and in a pipe."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from equipoise.cli.findings import tell_findings
from equipoise.cli.screen import Screen

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from equipoise.compare.events import Event, Planned

__all__ = ["Watcher"]


class Watcher:
    """Listener for the events of a trial: first what was found, then a bar with the time left.

    In a pipe the bar is silent. Use it as a context, so that the bar is gone when the result comes.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Watcher:
        if self.screen.lively:
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )
            from rich.table import Column

            self._bar = Progress(
                TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True)),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("left"),
                console=self.screen.err,
                transient=True,
                expand=True,
                # Trainings differ in length, so the pace is taken over many of them.
                speed_estimate_period=600.0,
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        from equipoise.compare.events import Planned, Stage

        if isinstance(event, Planned):
            tell_findings(self.screen, event)
            self._plan(event)
        elif self._bar is None:
            return
        elif isinstance(event, Stage):
            self._show(description=event.text)
        else:
            what = f"{event.learner}/{event.strategy}"
            self._show(description=what, total=event.total, completed=event.done)

    def _plan(self, event: Planned) -> None:
        if self._bar is None:
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(
            "training the first ones", total=event.units_total, completed=event.resumed
        )

    def _show(self, **fields: Any) -> None:
        assert self._bar is not None
        if self._task is None:
            self._task = self._bar.add_task(**{"total": None, **fields})
        else:
            self._bar.update(self._task, **fields)
