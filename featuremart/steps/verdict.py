"""How a step that failed for good stops its own retries.

Digdag's ``_retry`` knows no conditions: it tries again whatever the exit code was. So before a step ends with
exit code 1 or 2 it leaves a verdict on S3 for its run and task; the next try of the same task in the same run
finds it and fails at once, without launching anything. A transient failure (75) leaves none. A new run, a
person's retry of an attempt included, has another run id and begins fresh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.errors import MartError, TransientError, UsageError, Where, WorkFailed
from featuremart.lake.manifest import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.lake.store import ObjectStore
    from featuremart.steps.context import Context
    from featuremart.steps.record import StepReport


class StepVerdict(Frozen):
    """Why a task of a run failed for good.

    Parameters
    ----------
    task
        The workflow task.
    exit_code
        1 or 2.
    message, file, line, next_command
        The error, as it was shown.
    """

    task: str
    exit_code: int
    message: str
    file: str = ""
    line: int = 0
    next_command: str | None = None

    def error(self) -> MartError:
        """Return the error that the verdict was made from."""
        kind = UsageError if self.exit_code == UsageError.exit_code else WorkFailed
        where = Where(self.file, self.line) if self.file else None
        return kind(self.message, where=where, next_command=self.next_command)


def _prefix(run: str) -> str:
    return f"runs/{run}/verdicts/"


def verdicts_of(store: ObjectStore, run: str) -> list[StepVerdict]:
    """Return all verdicts that the tasks of a run left, in order of the tasks' names."""
    return [StepVerdict.model_validate_json(store.get(key)) for key in store.list(_prefix(run))]


def guarded(context: Context, step: Callable[[], StepReport]) -> StepReport:
    """Run a step; fail at once where an earlier try of it failed for good, and leave a verdict where this one does.

    Parameters
    ----------
    context
        The step's surroundings.
    step
        What to do.

    Raises
    ------
    MartError
        The step's own error, or that of the earlier try.
    """
    key = f"{_prefix(context.identity.run)}{context.identity.task}.json"
    found = context.store.find(key)
    if found is not None:
        context.say("an earlier try of this task failed for good: nothing is launched again")
        raise StepVerdict.model_validate_json(found).error()
    try:
        return step()
    except TransientError:
        raise
    except MartError as error:
        where = error.where or Where("")
        verdict = StepVerdict(
            task=context.identity.task,
            exit_code=error.exit_code,
            message=error.message,
            file=where.file,
            line=where.line,
            next_command=error.next_command,
        )
        context.store.put_new(key, verdict.model_dump_json(indent=1).encode())
        raise
