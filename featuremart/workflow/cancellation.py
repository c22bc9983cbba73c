"""Asking a running attempt to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Cancellation:
    """A request to stop, that a signal handler or another thread may make.

    The first request ends the running commands gently (SIGTERM, then SIGKILL after a while), a second one at once.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may interrupt the thread that holds it
        self._requests = 0
        self._listeners: list[Callable[[], None]] = []

    def request(self) -> None:
        """Ask to stop."""
        with self._lock:
            self._requests += 1
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._requests > 0

    @property
    def urgent(self) -> bool:
        """Whether somebody asked twice."""
        return self._requests > 1

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a function on each request, and once now if there was one; returns how to stop listening."""
        with self._lock:
            self._listeners.append(listener)
        if self.requested:
            listener()
        return lambda: self._listeners.remove(listener)


@contextmanager
def cancel_on_signals(cancellation: Cancellation) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM into requests to stop, while in the context; to be used in the main thread.

    Parameters
    ----------
    cancellation
        Is requested by each signal.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: cancellation.request()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
