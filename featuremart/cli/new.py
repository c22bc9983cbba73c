"""``mart new``: the first version of a model, a table or a source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from featuremart.cli.options import day_options, environment_option, parse_days

if TYPE_CHECKING:
    from featuremart.catalog.warehouse import TableSchema
    from featuremart.mart.rest import Rest
    from featuremart.steps.scaffold import Written

_KINDS = ("row", "window", "snapshot")


@click.group()
def new() -> None:
    r"""Write the first version of a model, a table or a source, which passes mart check at once; cut a fixture.

    \b
    Example:
      mart new source flights --table warehouse.flights --event-time time_hour \
          --timezone America/New_York --first-day 2013-01-01
      mart new model flight_delay --predicts "minutes that a flight arrives late"
      mart new table flight_delay timetable --source flights
      mart new fixture flight_delay flights --date 2013-01-31
    """


@new.command()
@click.argument("name")
@click.option(
    "--owner", metavar="ADDRESS", help="Who answers for it; the address that git has of you if left out."
)
@click.option("--predicts", metavar="WORDS", help="What it predicts, in a few words.")
def model(name: str, owner: str | None, predicts: str | None) -> None:
    r"""Write features/NAME: the declaration of a model and the locked requirements of its worker.

    \b
    Example:
      mart new model flight_delay --predicts "minutes that a flight arrives late"
    """
    from featuremart.config.settings import find_root
    from featuremart.steps.scaffold import new_model

    _print(new_model(find_root(), name, owner=owner, predicts=predicts, announce=_announce))


@new.command()
@click.argument("model", metavar="MODEL")
@click.argument("name")
@click.option(
    "--source", required=True, metavar="SOURCE", help="What it is computed from: a file of embulk/sources."
)
@click.option(
    "--kind", type=click.Choice(_KINDS), help="How it reads the source; as the source is if left out."
)
@click.option(
    "--key", "keys", multiple=True, metavar="COLUMN", help="Identifies a row; may be given several times."
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=28, show_default=True, help="Length of a window."
)
def table(model: str, name: str, source: str, kind: str | None, keys: tuple[str, ...], days: int) -> None:
    r"""Write a feature table of MODEL with its test, and put its tasks into the model's workflow.

    \b
    Example:
      mart new table flight_delay timetable --source flights
      mart new table flight_delay carrier_history --source flights --kind window --key carrier
    """
    from featuremart.config.settings import find_root
    from featuremart.steps.scaffold import new_table

    _print(new_table(find_root(), model, name, source=source, kind=kind, keys=keys, days=days))


@new.command()
@click.argument("name")
@click.option("--table", required=True, metavar="DATASET.TABLE", help="The warehouse table that it reads.")
@click.option(
    "--event-time", metavar="COLUMN", help="TIMESTAMP of a row; a snapshot without days if left out."
)
@click.option("--timezone", metavar="ZONE", help="A day is one there, for example America/New_York.")
@click.option("--first-day", metavar="YYYY-MM-DD", help="Nothing is earlier.")
@click.option(
    "--owner", metavar="ADDRESS", help="Who answers for it; the address that git has of you if left out."
)
@environment_option
def source(
    name: str,
    table: str,
    event_time: str | None,
    timezone: str | None,
    first_day: str | None,
    owner: str | None,
    environment: str | None,
) -> None:
    r"""Write embulk/sources/NAME.sql: a query on a warehouse table, with a header that declares its columns.

    The table's schema is taken from embulk/warehouse, or else from the warehouse itself and committed there.

    \b
    Example:
      mart new source planes --table warehouse.planes
    """
    from featuremart.config.settings import find_root, load_settings
    from featuremart.steps.scaffold import Days, new_source

    root = find_root()
    days = Days.parse(event_time, timezone, first_day)

    def fetch(wanted: str) -> TableSchema:
        from featuremart.mart.rest import Rest
        from featuremart.steps.live_schema import live_schema

        return live_schema(Rest(load_settings(root).environment(environment)), wanted)

    _print(new_source(root, name, table=table, days=days, owner=owner, fetch=fetch))


@new.command()
@click.argument("model", metavar="MODEL")
@click.argument("source", metavar="SOURCE")
@day_options
@click.option(
    "--rows", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at the most."
)
@click.option(
    "--where", metavar="SQL", help="A condition on the source's columns, for rows of a certain kind."
)
@click.option("--name", metavar="FILE", help="Another name than the source's.")
@environment_option
def fixture(
    model: str,
    source: str,
    date: str | None,
    first: str | None,
    last: str | None,
    rows: int,
    where: str | None,
    name: str | None,
    environment: str | None,
) -> None:
    r"""Write tests/features/MODEL/fixtures/SOURCE.csv: real rows, as the query of SOURCE makes them.

    They are mixed, and the same ones each time. Look at them before you commit them.

    \b
    Example:
      mart new fixture flight_delay flights --date 2013-01-31 --rows 10 --where "cancelled"
    """
    from featuremart.config.settings import find_root, load_settings
    from featuremart.steps.scaffold import new_fixture

    root, days = find_root(), parse_days(date, first, last)

    def connect() -> Rest:
        from featuremart.mart.rest import Rest

        return Rest(load_settings(root).environment(environment))

    _print(new_fixture(root, model, source, days=days, rows=rows, where=where, name=name, connect=connect))


def _announce(line: str) -> None:
    click.echo(line, err=True)


def _print(written: Written) -> None:
    for path in written.created:
        click.echo(f"created  {path}")
    for path in written.changed:
        click.echo(f"changed  {path}")
    for command in written.next_commands:
        click.echo(f"  next: {command}")
