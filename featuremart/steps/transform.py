"""Transform: the partitions of a table that the lake lacks, by one worker task whatever the range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.batch.request import REQUEST, RESULT, BatchRequest, BatchResult, PartitionWork
from featuremart.errors import EXIT_DONE, WorkFailed
from featuremart.steps.record import StepReport
from featuremart.steps.standing import expected
from featuremart.steps.tasks import failure, launch, papers, worker_family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from featuremart.catalog.model import TableSpec
    from featuremart.lake.days import DayRange
    from featuremart.launch.fargate import Ended
    from featuremart.steps.context import Context
    from featuremart.steps.survey import Output


def transform(context: Context, table_name: str, days: DayRange | None) -> StepReport:
    """Compute what is missing of a table.

    Parameters
    ----------
    context
        The step's surroundings.
    table_name
        ``<model>.<table>``.
    days
        Partition days; not needed for a snapshot table.

    Raises
    ------
    WorkFailed
        Where raw partitions are missing, or the worker fails for good.
    """
    table = context.catalog.table(table_name)
    outputs = expected(context, table, days)
    missing = [output for output in outputs if output.manifest is None]
    if not missing:
        context.say(f"transform {table.id}: nothing to do, {len(outputs)} partitions are there")
        return StepReport()
    context.say(f"transform {table.id}: {len(missing)} of {len(outputs)} partitions to compute")
    return _run_worker(context, table, missing)


def _run_worker(context: Context, table: TableSpec, missing: Sequence[Output]) -> StepReport:
    place = papers(context)
    who = context.identity
    inputs: dict[str, dict[str, str]] = {}
    for output in missing:
        for name, read in output.inputs.items():
            inputs.setdefault(name, {}).update(read)
    request = BatchRequest(
        bucket=context.store.bucket,
        table=table,
        sources={name: context.catalog.source(name) for name in table.sources},
        inputs={name: dict(sorted(read.items())) for name, read in inputs.items()},
        partitions=tuple(
            PartitionWork(partition=output.label, fingerprint=output.key.fingerprint)
            for output in missing
            if output.key is not None
        ),
        run=who.run,
        task=who.task,
        attempt=who.attempt,
        revision=who.revision,
    )
    context.store.put(place.key(REQUEST), request.to_json())
    ended = launch(context, worker_family(table.model), place.key(REQUEST), table.resources)
    answer = context.store.find(place.key(RESULT))
    result = BatchResult.model_validate_json(answer) if answer is not None else None
    if ended.verdict.exit_code != EXIT_DONE:
        raise _failure(table, ended, result)
    made = {done.partition for done in result.done} if result else set()
    left = [output.label for output in missing if output.label not in made]
    if result is None or left:
        raise WorkFailed(f"the worker of {table.id} ended well but left no result for {', '.join(left[:5])}")
    rows = sum(done.rows for done in result.done)
    context.say(
        f"transform {table.id}: {len(result.done)} partitions, {rows:,} rows, "
        f"{result.seconds:.1f} s, peak {result.peak_memory / 2**20:,.0f} MiB"
    )
    return StepReport(
        partitions=tuple(done.partition for done in result.done),
        inputs=tuple(sorted({key for read in inputs.values() for key in read.values()})),
        outputs=tuple(done.manifest for done in result.done),
        rows=rows,
        cpu_seconds=result.cpu_seconds,
        peak_memory=result.peak_memory,
    )


def _failure(table: TableSpec, ended: Ended, result: BatchResult | None) -> Exception:
    if result is None or result.exit_code == EXIT_DONE or not result.message:
        return failure(ended, f"the worker of {table.id} failed without a word", next_command="mart servers")
    message = f"{result.where}: {result.message}" if result.where else result.message
    return failure(ended, message, next_command=result.next_command or None)
