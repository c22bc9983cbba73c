"""``mart query``, ``mart tables``, ``mart describe``, ``mart connect``: the mart as an analyst uses it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from featuremart.cli.options import environment_option
from featuremart.errors import UsageError

if TYPE_CHECKING:
    from featuremart.mart.rest import Rest

_MOST_SHOWN = 1000


@click.command()
@click.argument("sql", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="Read the query from a file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    help="Table, CSV, one JSON object a line, or Parquet.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write into a file.")
@click.option("--limit-bytes", metavar="SIZE", help="Refuse a query that would read more, for example 10GiB.")
@click.option(
    "--max-rows", type=click.IntRange(min=0), help=f"Show no more rows; a table shows {_MOST_SHOWN:,}."
)
@environment_option
def query(
    sql: str | None,
    file: Path | None,
    form: str,
    output: Path | None,
    limit_bytes: str | None,
    max_rows: int | None,
    environment: str | None,
) -> None:
    r"""Run a SQL query on the mart and show its rows. The query may only read.

    SQL is the query itself, or - to read it from standard input. JSON is one object a line.

    \b
    Example:
      mart query "SELECT COUNT(*) FROM mart.flight_delay__timetable"
      mart query --file delays.sql --format parquet --output delays.parquet
      echo "SELECT 1 AS one" | mart query - --format json
    """
    import time

    from featuremart.cli.result import limited, write
    from featuremart.mart import query as reading

    if form == "parquet" and output is None:
        raise UsageError("Parquet goes into a file", next_command="--output FILE")
    text = _query_text(sql, file)
    rest = _rest(environment)
    limit = _bytes(limit_bytes) if limit_bytes else rest.environment.max_bytes_billed
    size = reading.estimate(rest, text, limit_bytes=limit)
    told = (
        "bytes: not known here"
        if size is None
        else f"reads {reading.human_bytes(size)}, {reading.price(size)}"
    )
    click.echo(told, err=True)
    began = time.monotonic()
    found = reading.read(rest, text, limit_bytes=limit)
    most = _MOST_SHOWN if max_rows is None and form == "table" and output is None else max_rows
    count = write(found.fields, limited(found.chunks, most), form, output)
    rest_of = (
        f" of {found.total_rows:,}: --max-rows or --output shows more" if count < found.total_rows else ""
    )
    click.echo(f"{count:,} rows{rest_of}, {time.monotonic() - began:.1f} s", err=True)


def _bytes(text: str) -> int:
    """Read a size as ``mart.toml`` writes it."""
    from pydantic import TypeAdapter, ValidationError

    from featuremart.config.settings import Bytes

    try:
        return TypeAdapter(Bytes).validate_python(text)
    except ValidationError as error:
        raise UsageError(
            f"--limit-bytes {text}: {error.errors()[0]['msg']}", next_command="--limit-bytes 10GiB"
        ) from error


def _query_text(sql: str | None, file: Path | None) -> str:
    if (sql is None) == (file is None):
        raise UsageError("give one query: as an argument, - for standard input, or --file FILE")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {error}") from error
    return sys.stdin.read() if sql == "-" else str(sql)


def _rest(environment: str | None) -> Rest:
    from featuremart.config.settings import load_settings
    from featuremart.mart.rest import Rest

    return Rest(load_settings().environment(environment))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@environment_option
def tables(as_json: bool, environment: str | None) -> None:
    r"""List the tables of the mart: what is published, and what the code declares.

    \b
    Example:
      mart tables
    """
    from featuremart.cli.mart_pages import list_tables

    list_tables(_rest(environment), as_json=as_json)


@click.command()
@click.argument("name", metavar="TABLE[.FEATURE]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@environment_option
def describe(name: str, as_json: bool, environment: str | None) -> None:
    r"""Tell what a table or one of its features means, from the code and from the mart.

    \b
    Example:
      mart describe flight_delay.timetable
      mart describe flight_delay.timetable.departure_minute
    """
    from featuremart.cli.mart_pages import describe_table

    describe_table(_rest(environment), name, as_json=as_json)


@click.command()
@click.argument("way", type=click.Choice(["python", "bq", "bi"]), required=False)
@environment_option
def connect(way: str | None, environment: str | None) -> None:
    r"""Tell how to reach the mart from Python, the bq command or a BI tool.

    \b
    Example:
      mart connect
      mart connect python > explore.py
    """
    from featuremart.cli.connect import ways
    from featuremart.config.settings import load_settings

    found = ways(load_settings().environment(environment))
    if way:
        click.echo(found[way].text)
        return
    for title in found.values():
        click.echo(f"{title.title}\n\n{title.text}\n")
