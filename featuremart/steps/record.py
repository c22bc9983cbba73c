"""Keep a record of every step: one row in ``mart_runs`` for each run, task and attempt, ended well or not."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import MartError, TransientError
from featuremart.steps.identity import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.steps.context import Context

_LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class StepReport:
    """What a step did.

    Parameters
    ----------
    partitions
        Labels of the partitions that it made; none where there was nothing to do.
    inputs, outputs
        Manifests and tables that it read and made.
    rows
        Rows of its outputs.
    cpu_seconds, peak_memory
        Of its worker: seconds, bytes.
    """

    partitions: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rows: int | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None


def recorded(context: Context, step: Callable[[], StepReport]) -> StepReport:
    """Run a step and append its row to ``mart_runs``, whatever its end.

    Parameters
    ----------
    context
        The step's surroundings.
    step
        What to do.
    """
    began = dt.datetime.now(dt.UTC)
    try:
        report = step()
    except TransientError as error:
        _append(context, began, "transient", StepReport(), str(error))
        raise
    except MartError as error:
        _append(context, began, "failed", StepReport(), str(error))
        raise
    except KeyboardInterrupt:
        _append(context, began, "cancelled", StepReport(), "")
        raise
    _append(context, began, "done" if report.partitions else "nothing to do", report, "")
    return report


def _append(context: Context, began: dt.datetime, status: str, report: StepReport, message: str) -> None:
    """Append the row. A mart that does not answer must not turn work that is done into work that failed."""
    from featuremart.mart.records import TaskRun, append_run

    who = context.identity
    row = TaskRun(
        run=who.run,
        task=who.task,
        attempt=who.attempt,
        revision=who.revision,
        status=status,
        started_at=began,
        ended_at=dt.datetime.now(dt.UTC),
        workflow=os.environ.get(WORKFLOW, ""),
        partitions=report.partitions,
        inputs=report.inputs,
        outputs=report.outputs,
        row_count=report.rows,
        cpu_seconds=report.cpu_seconds,
        peak_memory=report.peak_memory,
        message=message[:_LONGEST_MESSAGE],
    )
    try:
        append_run(context.rest, row)
    except MartError as error:
        context.say(f"this step is missing in mart_runs: {error.message}")
