"""The time that an attempt goes by."""

from __future__ import annotations

import datetime as dt
import time


class Clock:
    """Wall-clock time, or a faster one for tests.

    Parameters
    ----------
    speed
        How many seconds pass by it in one real second.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start = dt.datetime.now(dt.UTC)
        self._real_start = time.monotonic()

    def now(self) -> dt.datetime:
        """Return the moment, in UTC."""
        passed = (time.monotonic() - self._real_start) * self._speed
        return self._start + dt.timedelta(seconds=passed)

    def real_seconds_until(self, moment: dt.datetime) -> float:
        """Return how long it really is until a moment, 0 if it has passed."""
        return max((moment - self.now()).total_seconds() / self._speed, 0.0)
