"""What a trial tells while it runs, on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from equipoise.cli.findings import tell_findings
from equipoise.cli.screen import Screen

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from equipoise.compare.events import Event, Planned, UnitDone

__all__ = ["Watcher"]

_SECONDS_BETWEEN = 60.0  # of the lines in a pipe


class Watcher:
    """Listener for the events of a trial: first what was found, then a bar with the time left.

    In a pipe there is a line now and then instead. Use it as a context, so that the bar is gone when the
    result comes.

    Parameters
    ----------
    screen : Screen
    replaces : path, optional
        A run whose result this one takes the place of; told once the plan stands.
    clock : callable
        Returns seconds.
    """

    def __init__(
        self,
        screen: Screen,
        replaces: Path | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.screen = screen
        self._replaces = replaces
        self._clock = clock
        self._start = self._told = 0.0
        self._before = 0  # trainings that the journal had
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
        from equipoise.compare.events import Planned, Stage, UnitDone

        if isinstance(event, Planned):
            if self._replaces is not None:
                self.screen.note(f"note: replaces the earlier result in {self._replaces}")
            tell_findings(self.screen, event)
            self._plan(event)
        elif self._bar is None:
            if isinstance(event, UnitDone):
                self._tell(event)
        elif isinstance(event, Stage):
            self._show(description=event.text)
        else:
            what = f"{event.learner}/{event.strategy}"
            self._show(description=what, total=event.total, completed=event.done)

    def _tell(self, event: UnitDone) -> None:
        now = self._clock()
        if event.from_journal:
            self._before += 1
        elif (
            now - self._told >= _SECONDS_BETWEEN
            and event.done < event.total
            and not self.screen.as_json
        ):
            self._told = now
            left = (now - self._start) / (event.done - self._before) * (event.total - event.done)
            minutes = "a minute or less" if left < 90 else f"about {left / 60:,.0f} minutes"
            self.screen.note(f"{event.done:,} of {event.total:,} trainings done; {minutes} left")

    def _plan(self, event: Planned) -> None:
        self._start = self._told = self._clock()
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
