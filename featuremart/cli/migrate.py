"""``mart migrate``: schema changes of the mart that a person must want."""

from __future__ import annotations

import sys

import click

from featuremart.cli.options import environment_option
from featuremart.errors import EXIT_DONE, EXIT_FAILED, UsageError


@click.command()
@click.argument("table", metavar="TABLE")
@click.argument("action", type=click.Choice(["drop", "rename", "retype"]))
@click.argument("column", metavar="COLUMN")
@click.argument("to", metavar="[NEW]", required=False, default="")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@environment_option
def migrate(table: str, action: str, column: str, to: str, yes: bool, environment: str | None) -> int:
    r"""Drop, rename or retype a COLUMN of a mart table.

    Publishing adds columns by itself and refuses every other change of a schema, because it would lose or move
    values. Here a person asks for it. What was done stands in the table mart_migrations.

    \b
    Example:
      mart migrate flight_delay.timetable drop air_time_scheduled
      mart migrate flight_delay.timetable rename minute departure_minute
      mart migrate flight_delay.timetable retype distance FLOAT64
    """
    from getpass import getuser

    from featuremart.mart import migrate as migration
    from featuremart.steps.context import make_context
    from featuremart.steps.describe_table import mart_table

    context = make_context(f"migrate {table}", environment, click.echo)
    spec = context.catalog.table(table)
    declared = mart_table(spec, context.catalog.source(spec.source))
    asked = migration.Migration(migration.Action(action), column, to)
    wanted = migration.plan(context.rest, declared, asked)
    click.echo(f"{wanted.statement}\n{wanted.effect}")
    click.echo(
        f"{wanted.values:,} of {wanted.rows:,} rows have a value, in environment {context.environment.name}"
    )
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to confirm this", next_command="the same command with --yes")
        if not click.confirm("Do it?"):
            click.echo("nothing was changed")
            return EXIT_FAILED
    migration.run(context.rest, wanted, who=getuser(), revision=context.identity.revision)
    click.echo("done" + (f"; then: {wanted.then}" if wanted.then else ""))
    return EXIT_DONE
