"""``mart demo``: real data for the local warehouse."""

from __future__ import annotations

import click

from featuremart.cli.options import environment_option


@click.group()
def demo() -> None:
    r"""Try the mart on real data on this machine.

    \b
    Example:
      mart demo run
    """


FIRST, LAST = "2013-01-01", "2013-01-07"
QUERY = """\
SELECT t.partition_day, COUNT(*) AS flights, ROUND(AVG(t.departure_minute) / 60, 1) AS mean_departure_hour,
  ROUND(AVG(w.visibility_miles), 1) AS mean_visibility_miles
FROM mart.flight_delay__timetable AS t
JOIN mart.flight_delay__weather_at_departure AS w USING (partition_day, flight_id)
GROUP BY t.partition_day
ORDER BY t.partition_day"""
"""Two feature tables joined by their key: what an analyst would try first."""


@demo.command("run")
@click.pass_context
def run_demo(context: click.Context) -> int:
    r"""Do it all: servers, images, data, a week of flight_delay, and a query on the mart.

    What is made already is not made again, so this can be repeated.

    \b
    Example:
      mart demo run
    """
    from featuremart.cli.main import invoke

    del context
    steps = (
        ("Start the local environment", ["up"]),
        ("", ["images"]),
        ("Fill the warehouse with real data", ["demo", "data"]),
        ("Run a week of features", ["run", "flight_delay", "--from", FIRST, "--to", LAST]),
        ("Ask the mart", ["query", QUERY]),
    )
    for title, words in steps:
        if title:
            click.secho(f"\n{title}", bold=True)
        shown = " ".join(words[:1] if words[0] == "query" else words)
        click.secho(f"$ mart {shown}" + (f' "{QUERY}"' if words[0] == "query" else ""), dim=True)
        code = invoke(words)
        if code:
            return code
    click.secho("\nWhat to try next", bold=True)
    click.echo(
        "  mart describe flight_delay.carrier_history    what a table tells, and what each feature means"
    )
    click.echo("  mart run diamond_price                        a second model, with its own requirements")
    click.echo("  mart run flight_delay --date 2013-01-08       one more day")
    click.echo(
        "  edit features/flight_delay/timetable.py       and run the week again: only that table is made anew"
    )
    click.echo("  mart down                                     stop the servers; the data stays")
    return 0


@demo.command()
@environment_option
def data(environment: str | None) -> None:
    r"""Fill the local warehouse: 336,776 flights, weather, planes, airports, 53,940 diamonds.

    What is there already is left alone, so this can be repeated.

    \b
    Example:
      mart up
      mart demo data
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import demo as local
    from featuremart.local.home import Home

    settings = load_settings()
    wanted = settings.environment(environment)
    filled = local.fill(wanted, Home.of(settings, wanted).folder / "datasets", click.echo, root=settings.root)
    if not any(table.made for table in filled):
        click.echo("the warehouse is filled already: nothing to do")
