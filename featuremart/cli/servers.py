"""``mart up``, ``mart servers``, ``mart down``, ``mart images``: the local environment."""

from __future__ import annotations

import json
import time

import click


@click.command()
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="A local environment of mart.toml; the default one if left out.",
)
def up(environment: str | None) -> None:
    """Start the servers of the local environment.

    What runs already is left alone, so this can be repeated. All state lies under .mart/.

    \b
    Example:
      mart up
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import servers as local

    began = time.monotonic()
    settings = load_settings()
    local.up(settings, environment, say=click.echo)
    for server in local.status(settings, environment):
        click.echo(f"{server.name:<10} {server.state}  http://127.0.0.1:{server.ports['http']}")
    click.echo(f"up in {time.monotonic() - began:.1f} s; next: mart run WORKFLOW")


@click.command()
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="A local environment of mart.toml; the default one if left out.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document for programs.")
def servers(environment: str | None, as_json: bool) -> None:
    """Show the servers of the local environment.

    \b
    Example:
      mart servers --json
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import servers as local

    found = local.status(load_settings(), environment)
    if as_json:
        click.echo(json.dumps([server.as_json() for server in found], indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("server", "state", "pid", "endpoint", "memory", "log", box=None, pad_edge=False)
    for server in found:
        memory = f"{server.memory / 2**20:.0f} MiB" if server.memory else "-"
        table.add_row(
            server.name, server.state, str(server.pid or "-"), server.endpoint, memory, str(server.log)
        )
    Console(soft_wrap=True).print(table)
    if any(server.state != "running" for server in found):
        click.echo("next: mart up")


@click.command()
@click.option(
    "--env",
    "environment",
    metavar="NAME",
    help="A local environment of mart.toml; the default one if left out.",
)
def down(environment: str | None) -> None:
    """Stop the servers of the local environment and the tasks that run there.

    Data stays: the next `mart up` finds the lake and the warehouse as they were.

    \b
    Example:
      mart down
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import servers as local

    local.down(load_settings(), environment, say=click.echo)
    click.echo("down; the data stays in .mart/")
