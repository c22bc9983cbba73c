"""``mart demo``: real data for the local warehouse."""

from __future__ import annotations

import click

from featuremart.cli.options import environment_option


@click.group()
def demo() -> None:
    r"""Try the mart on real data on this machine.

    \b
    Example:
      mart demo data
    """


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
