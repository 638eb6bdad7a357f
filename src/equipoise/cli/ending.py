"""A process that is told to end cleans up first, as one that is interrupted does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["cleaning_up"]


@contextmanager
def cleaning_up() -> Iterator[None]:
    """Let SIGTERM run what ``finally`` asks for, and end the process by it after that.

    Engines that compute outside of Python stop at SIGINT alone, and until they return no handler of another
    signal is run. So a thread that hears of SIGTERM passes it on as SIGINT. Nothing is done on systems
    without these signals, beside the main thread, or where SIGTERM has a handler already.
    """
    if (
        os.name != "posix"
        or threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return
    told = threading.Event()
    heard, hear = os.pipe()
    os.set_blocking(hear, False)

    def watch() -> None:
        with os.fdopen(heard, "rb", buffering=0) as numbers:
            while came := numbers.read(64):
                if signal.SIGTERM in came:
                    told.set()
                    os.kill(os.getpid(), signal.SIGINT)

    before = signal.set_wakeup_fd(hear, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: None)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(hear)
        if told.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
