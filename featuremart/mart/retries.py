"""Trying again, and telling a person so in one line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stamina import RetryingCaller
    from stamina.instrumentation import RetryDetails

_log = logging.getLogger(__name__)


def caller(*, attempts: int, timeout: float, first: float, longest: float) -> RetryingCaller:
    """Return what calls a function again after some errors, with growing pauses of random length.

    Parameters
    ----------
    attempts
        Calls at the most.
    timeout
        Seconds for all of them.
    first, longest
        Seconds of the pauses.
    """
    import stamina

    stamina.instrumentation.set_on_retry_hooks([_tell])
    return stamina.RetryingCaller(attempts=attempts, timeout=timeout, wait_initial=first, wait_max=longest)


def _tell(details: RetryDetails) -> None:
    """Log the cause alone; what stamina logs by itself names functions and arguments."""
    _log.warning("%s; trying again in %.1f s", str(details.caused_by).splitlines()[0], details.wait_for)
