"""Reading the mart for an analyst: one query that only reads, its bytes told before, its rows by chunks."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from featuremart.errors import UsageError
from featuremart.mart.answers import QueryRefused
from featuremart.mart.chunks import ArrowChunk, RowChunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.cloud.bigquery_storage import BigQueryReadClient

    from featuremart.config.settings import Environment
    from featuremart.mart.cells import Field
    from featuremart.mart.chunks import Chunk
    from featuremart.mart.rest import Page, Rest

DOLLARS_A_TIB = 6.25
"""On-demand price of BigQuery in the US; other regions and editions differ."""
STORAGE_FROM_ROWS = 50_000
"""REST gives some ten thousand rows a second; from here on, opening a Storage Read session pays."""
_LEAST_BILLED = 10 * 2**20
_THOUSAND = 1024
_PLACE = re.compile(r"\[(\d+):(\d+)\]")


@dataclass(frozen=True)
class Reading:
    """A query that ran.

    Parameters
    ----------
    fields
        Columns of its result.
    total_rows
        All of them, whether they are fetched or not.
    bytes_processed
        What it read.
    chunks
        The rows; fetched as they are asked for.
    """

    fields: tuple[Field, ...]
    total_rows: int
    bytes_processed: int
    chunks: Iterator[Chunk]


def estimate(rest: Rest, sql: str, *, limit_bytes: int) -> int | None:
    """Refuse a query that does not only read, or would read too much, without running it.

    Parameters
    ----------
    rest
        BigQuery.
    sql
        What a person wrote.
    limit_bytes
        The highest number of bytes that it may read.

    Returns
    -------
    int or None
        Upper bound of the bytes that it will read; None where the server is not Google's and does not know.

    Raises
    ------
    UsageError
        For anything but one query, and for one that would read more.
    QueryRefused
        For a query that is wrong, with its line.
    """
    known = rest.environment.endpoints.bigquery is None
    _need_one_query(sql, strict=not known)
    if not known:
        return None
    with _shown(sql):
        found = rest.dry_run(sql)
    if found.statement_type != "SELECT":
        raise UsageError(_ONLY_READS.format(found.statement_type), next_command=_HOW_TO_CHANGE)
    if found.bytes_processed > limit_bytes:
        raise UsageError(
            f"the query would read {human_bytes(found.bytes_processed)} ({price(found.bytes_processed)}), "
            f"the limit is {human_bytes(limit_bytes)}",
            next_command="read fewer columns or days, or raise --limit-bytes",
        )
    return found.bytes_processed


def read(rest: Rest, sql: str, *, limit_bytes: int) -> Reading:
    """Run a query.

    Parameters
    ----------
    rest
        BigQuery.
    sql
        A query that :func:`estimate` let through.
    limit_bytes
        BigQuery refuses it where it would bill more.

    Raises
    ------
    QueryRefused
        Where the query is wrong, with its line.
    """
    pages = rest.pages(sql, limit_bytes=limit_bytes)
    with _shown(sql):
        first = next(pages)
    return Reading(first.fields, first.total_rows, first.bytes_processed, _chunks(rest, first, pages))


def _chunks(rest: Rest, first: Page, pages: Iterator[Page]) -> Iterator[Chunk]:
    if first.total_rows >= STORAGE_FROM_ROWS:
        batches = _stored(rest, first.job)
        if batches is not None:
            yield from batches
            return
    for page in chain([first], pages):
        yield RowChunk(page.fields, page.rows)


def _stored(rest: Rest, job: str) -> Iterator[Chunk] | None:
    """Read the table that BigQuery keeps a result in; None where that is not allowed or not there."""
    from google.api_core.exceptions import NotFound, PermissionDenied

    from featuremart.config.clients import bigquery_storage

    try:
        batches = _batches(bigquery_storage(rest.environment), rest.environment, rest.destination(job))
        first = next(batches)
    except (NotFound, PermissionDenied, StopIteration):
        return None
    return chain([first], batches)


def _batches(client: BigQueryReadClient, environment: Environment, table: str) -> Iterator[Chunk]:
    import pyarrow as pa
    from google.cloud.bigquery_storage_v1 import types

    session = client.create_read_session(
        parent=f"projects/{environment.gcp_project}",
        read_session=types.ReadSession(table=table, data_format=types.DataFormat.ARROW),
        max_stream_count=1,  # one stream keeps the order of ORDER BY
    )
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    for stream in session.streams:
        for answer in client.read_rows(stream.name):
            part = pa.py_buffer(answer.arrow_record_batch.serialized_record_batch)
            yield ArrowChunk(pa.ipc.read_record_batch(part, schema))


_ONLY_READS = "mart query only reads, and this is: {}"
_HOW_TO_CHANGE = "mart migrate TABLE, for a schema; mart run WORKFLOW, for data"


def _need_one_query(sql: str, *, strict: bool) -> None:
    """Refuse anything but one query.

    Parameters
    ----------
    sql
        What a person wrote.
    strict
        Refuse what is not understood, too. BigQuery's own dry run decides on it where there is one.
    """
    import sqlglot
    from sqlglot import errors, exp

    if not sql.strip():
        raise UsageError("the query is empty", next_command='mart query "SELECT ..."')
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        statements = [statement for statement in sqlglot.parse(sql, read="bigquery") if statement is not None]
    except errors.ParseError as error:
        if strict:
            first = error.errors[0]
            message = f"query: {first['description']} at [{first['line']}:{first['col']}]"
            raise QueryRefused(message + _excerpt(message, sql)) from error
        return
    if len(statements) > 1:
        raise UsageError(
            f"these are {len(statements)} statements: write one query", next_command='mart query "WITH ..."'
        )
    for statement in statements:
        if not isinstance(statement, exp.Query):
            kind = statement.this if isinstance(statement, exp.Command) else statement.key
            raise UsageError(_ONLY_READS.format(str(kind).upper()), next_command=_HOW_TO_CHANGE)


@contextmanager
def _shown(sql: str) -> Iterator[None]:
    """Show the line of a query that BigQuery refuses, where it says which."""
    try:
        yield
    except QueryRefused as error:
        raise QueryRefused(error.message + _excerpt(error.message, sql)) from error


def _excerpt(message: str, sql: str) -> str:
    found = _PLACE.search(message)
    lines = sql.splitlines()
    if not found or not 1 <= int(found[1]) <= len(lines):
        return ""
    number, column = int(found[1]), int(found[2])
    margin = " " * len(str(number))
    return f"\n  {number} | {lines[number - 1]}\n  {margin} | {' ' * (column - 1)}^"


def human_bytes(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    value, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < _THOUSAND:
            break
        value, unit = value / _THOUSAND, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def price(count: int) -> str:
    """Return what reading some bytes costs on demand."""
    dollars = max(count, _LEAST_BILLED) / 2**40 * DOLLARS_A_TIB
    return f"about ${dollars:.2f}" if dollars >= 0.01 else "under 1 cent"  # noqa: PLR2004 - a cent
