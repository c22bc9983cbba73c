"""Publish: staging tables into the mart, in one transaction a table and range.

A mart partition is whole and from one run, or untouched: the rows of all partitions, and one metadata row for
each, are committed together or not at all. What is current already is not touched, so publishing may be
repeated, at once or after a kill at any moment. Publishing what was current yesterday is rollback.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from featuremart.errors import WorkFailed
from featuremart.lake.days import Partition, partition_label
from featuremart.mart import inspect, lock, metadata, records, schema, sql, state
from featuremart.mart.answers import Conflict, NotThere, QueryRefused
from featuremart.mart.jobs import run_once
from featuremart.mart.retries import caller

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from google.cloud.bigquery import Client

    from featuremart.config.settings import Environment
    from featuremart.mart.inspect import Holding, StagingTable
    from featuremart.mart.rest import Rest
    from featuremart.mart.table import MartTable

P = ParamSpec("P")
T = TypeVar("T")

_SUPERSEDED = "featuremart: somebody else published this table meanwhile"
_UNLOCKED = "featuremart: the lock of this table has no row"
_MISCOUNTED = "featuremart: the transaction would not leave the rows that the manifests say"
_OWN = {
    "partition_day": "DATE",
    "fingerprint": "STRING",
    "row_count": "INT64",
    "available_from": "TIMESTAMP",
    "available_to": "TIMESTAMP",
    "manifest": "STRING",
}
"""What a metadata row says of its partition alone."""
_NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOST_SCRIPT_BYTES = 1_000_000
"""BigQuery takes a query of 1 MiB."""
_MOST_TRIES = 6


@dataclass(frozen=True)
class StagedPartition:
    """One partition to publish.

    Parameters
    ----------
    partition
        Its day; None for a snapshot.
    fingerprint
        Of the output.
    rows
        As its manifest says.
    staging_table
        ``project.dataset.table`` that holds it; may hold other partitions too.
    manifest
        Key of the manifest of the output.
    profile
        What the worker wrote beside it; None where there is none.
    """

    partition: Partition
    fingerprint: str
    rows: int
    staging_table: str
    manifest: str
    profile: bytes | None = None


@dataclass(frozen=True)
class Publication:
    """What one publish step shall do.

    Parameters
    ----------
    table
        The mart table as the code says.
    partitions
        Different days of a partitioned table, or the one snapshot; none to update the texts alone.
    code_fingerprint
        Of the outputs.
    run, attempt, revision
        Who publishes.
    min_rows
        Fewer rows a partition are refused.
    """

    table: MartTable
    partitions: tuple[StagedPartition, ...]
    code_fingerprint: str
    run: str
    attempt: str
    revision: str
    min_rows: int = 0

    def __post_init__(self) -> None:
        days = [item.partition for item in self.partitions]
        if len(set(days)) != len(days):
            raise WorkFailed(f"{self.table.name}: a partition is named twice")
        if any((day is not None) != self.table.partitioned for day in days):
            raise WorkFailed(
                f"{self.table.name}: its partitions are {'days' if self.table.partitioned else 'a snapshot'}"
            )


@dataclass(frozen=True)
class Published:
    """What a publish step did.

    Parameters
    ----------
    partitions
        Published now.
    current
        Left alone, because they were published with this fingerprint before.
    rows
        Of the partitions published now.
    schema
        What was different in the table's schema and texts.
    """

    partitions: tuple[Partition, ...]
    current: tuple[Partition, ...]
    rows: int
    schema: schema.Difference


def publish(client: Client, rest: Rest, publication: Publication, *, today: dt.date) -> Published:
    """Make the mart table as the code says, and publish the partitions that are not current.

    Parameters
    ----------
    client
        BigQuery's client.
    rest
        The same BigQuery.
    publication
        What to publish.
    today
        Stands in the description of columns that are no longer computed from now on.

    Raises
    ------
    WorkFailed
        Where the schema cannot be changed without loss, a staging table is missing or does not hold what the
        manifests say. The mart is untouched then, but for additions to the schema.
    TransientError
        Where BigQuery was not there, or others published the table again and again meanwhile.
    """
    metadata.ensure(rest)
    changed = _again(schema.apply, client, rest.environment, publication.table, today=today)
    return _again(_publish, client, rest, publication, changed)


def _again(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Try again where somebody else changed the same table: what is to do is looked at anew each time."""
    again = caller(attempts=_MOST_TRIES, timeout=600, first=0.5, longest=30)
    return again(Conflict, work, *arguments, **options)


def _publish(client: Client, rest: Rest, publication: Publication, changed: schema.Difference) -> Published:
    """Try once: read what is current, check what is staged, run the transaction."""
    table = publication.table
    current = state.published(rest, [table.name])
    todo = [item for item in publication.partitions if not _is_current(item, current, table)]
    left = tuple(item.partition for item in publication.partitions if item not in todo)
    if todo:
        staged: dict[str, list[Partition]] = {}
        for item in todo:
            staged.setdefault(item.staging_table, []).append(item.partition)
        staging = inspect.find(rest, table, staged)
        held: dict[Partition, Holding] = {}
        for one in staging:
            held |= inspect.holdings(rest, table, one)
        expected = [(item.partition, item.rows) for item in todo]
        inspect.check_rows(table.name, expected, held, min_rows=publication.min_rows)
        profiles = [
            (item.partition, item.fingerprint, item.profile) for item in todo if item.profile is not None
        ]
        records.append_profiles(rest, table.name, publication.run, profiles)
        before = state.newest(current)
        if before is None:
            lock.make(rest, table.name)
        _transact(
            client,
            rest,
            publication,
            script(rest.environment, publication, todo, staging, held, before),
            before,
        )
    return Published(tuple(item.partition for item in todo), left, sum(item.rows for item in todo), changed)


def _is_current(item: StagedPartition, current: state.Current, table: MartTable) -> bool:
    found = current.get((table.name, item.partition))
    return found is not None and found.fingerprint == item.fingerprint


def script(
    environment: Environment,
    publication: Publication,
    partitions: Sequence[StagedPartition],
    staging: Sequence[StagingTable],
    held: Mapping[Partition, Holding],
    before: dt.datetime | None,
) -> str:
    """Return the script of one transaction. Pure.

    Parameters
    ----------
    environment
        Names project and datasets.
    publication
        Whose table and run it is.
    partitions
        What it publishes, at least one partition.
    staging
        Where their rows are.
    held
        When their rows are available.
    before
        When anything of the table was published last; the script fails where that is no longer so.
    """
    table = publication.table
    mart = metadata.full_name(environment, table.name)
    log = metadata.full_name(environment, metadata.PARTITIONS)
    days = [item.partition for item in partitions if item.partition is not None]
    where = sql.day_in(days) if days else "TRUE"
    rows = sum(item.rows for item in partitions)
    name = sql.literal(table.name)
    newest = f"(SELECT IFNULL(MAX(published_at), {sql.literal(_NEVER)}) FROM {log} WHERE table_name = {name})"
    statements = [
        "BEGIN TRANSACTION",
        lock.statement(environment, table.name, publication.attempt),
        _demand(lock.held(environment, table.name, publication.attempt), _UNLOCKED),
        _demand(f"{newest} = {sql.literal(before or _NEVER)}", _SUPERSEDED),
        f"DELETE FROM {mart} WHERE {where}",
        *(_insert(mart, one) for one in staging),
        _demand(f"(SELECT COUNT(*) FROM {mart} WHERE {where}) = {rows}", _MISCOUNTED),
        _log(log, publication, partitions, held),
        "COMMIT TRANSACTION",
    ]
    return ";\n".join(statements) + ";\n"


def _demand(condition: str, otherwise: str) -> str:
    """Return a statement that fails the transaction where a condition does not hold."""
    return f"SELECT IF({condition}, TRUE, ERROR({sql.literal(otherwise)}))"


def _insert(mart: str, staging: StagingTable) -> str:
    names = sql.columns(staging.columns)
    return f"INSERT INTO {mart} ({names})\nSELECT {names} FROM {staging.full_name} WHERE {staging.where}"


def _log(
    log: str,
    publication: Publication,
    partitions: Sequence[StagedPartition],
    held: Mapping[Partition, Holding],
) -> str:
    """Return the statement that adds the metadata row of each partition."""
    same = {
        "table_name": publication.table.name,
        "code_fingerprint": publication.code_fingerprint,
        "doc_fingerprint": publication.table.doc_fingerprint,
        "run": publication.run,
        "attempt": publication.attempt,
        "revision": publication.revision,
    }
    # one JSON text, not a STRUCT each: a year of partitions is parsed a hundred times faster
    rows = json.dumps([_row(item, held.get(item.partition, inspect.Holding())) for item in partitions])
    own = ", ".join(f"CAST(JSON_VALUE(item, '$.{name}') AS {kind})" for name, kind in _OWN.items())
    return (
        f"INSERT INTO {log} ({', '.join([*same, *_OWN, 'published_at'])})\n"
        f"SELECT {', '.join(sql.literal(value) for value in same.values())},\n"
        f"  {own}, CURRENT_TIMESTAMP()\n"
        f"FROM UNNEST(JSON_QUERY_ARRAY({sql.literal(rows)})) AS item"
    )


def _row(item: StagedPartition, held: Holding) -> dict[str, str | int | None]:
    return {
        "partition_day": item.partition.isoformat() if item.partition else None,
        "fingerprint": item.fingerprint,
        "row_count": item.rows,
        "available_from": held.available_from.isoformat() if held.available_from else None,
        "available_to": held.available_to.isoformat() if held.available_to else None,
        "manifest": item.manifest,
    }


def _transact(
    client: Client, rest: Rest, publication: Publication, text: str, before: dt.datetime | None
) -> None:
    """Run the transaction once, and tell apart what its failures mean."""
    environment, table = rest.environment, publication.table
    what = f"publish {environment.mart_dataset}.{table.name}"
    if len(text.encode()) > _MOST_SCRIPT_BYTES:
        raise WorkFailed(
            f"{what}: the transaction of {len(publication.partitions)} partitions is too long for BigQuery",
            next_command="publish a shorter range: --from --to",
        )
    try:
        run_once(
            client,
            text,
            name=job_name(environment, publication, before),
            what=what,
            max_bytes_billed=environment.max_bytes_billed,
            labels={**table.labels, "table": table.name, "run": publication.run},
        )
    except NotThere as error:
        if lock.PREFIX not in error.message:
            raise
        lock.make(rest, table.name)
        raise Conflict(f"{what}: its lock was missing") from error
    except QueryRefused as error:
        if _UNLOCKED in error.message:
            lock.make(rest, table.name)
        if _UNLOCKED in error.message or _SUPERSEDED in error.message:
            raise Conflict(error.message) from error
        raise


def job_name(environment: Environment, publication: Publication, before: dt.datetime | None) -> str:
    """Return the name of a publication's job: it follows from what is published over what, where, for which run."""
    digest = hashlib.sha256()
    for part in (
        environment.mart_dataset,
        publication.run,
        publication.table.name,
        before.isoformat() if before else "",
        *sorted(f"{partition_label(item.partition)}={item.fingerprint}" for item in publication.partitions),
    ):
        digest.update(f"{len(part)}:{part}".encode())
    return f"publish_{publication.table.name}_{digest.hexdigest()[:24]}"
