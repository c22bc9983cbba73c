"""``mart up``, ``mart servers``, ``mart down``, ``mart images``: the local environment."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

from featuremart.cli.options import environment_option

if TYPE_CHECKING:
    from featuremart.config.settings import Environment
    from featuremart.local.home import Home
    from featuremart.local.servers import ServerStatus


@click.command()
@environment_option
def up(environment: str | None) -> None:
    r"""Start the servers of the local environment.

    What runs already is left alone, so this can be repeated. All that they know lies under .mart/.

    \b
    Example:
      mart up
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import servers as local

    began = time.monotonic()
    settings = load_settings()
    local.up(settings, environment, say=click.echo)
    for line in _table(local.status(settings, environment)):
        click.echo(line)
    click.echo(f"up in {time.monotonic() - began:.1f} s; next: mart run WORKFLOW")


@click.command()
@environment_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
def servers(environment: str | None, as_json: bool) -> None:
    r"""Show how the servers of the local environment are.

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
    for line in _table(found):
        click.echo(line)
    if any(server.state != "running" for server in found):
        click.echo("next: mart up")


@click.command()
@environment_option
def down(environment: str | None) -> None:
    r"""Stop the servers of the local environment and the tasks that run there.

    The data stays: the next `mart up` finds the lake and the warehouse as they were.

    \b
    Example:
      mart down
    """
    from featuremart.config.settings import load_settings
    from featuremart.local import servers as local

    local.down(load_settings(), environment, say=click.echo)
    click.echo("down; the data stays in .mart/")


@click.command()
@click.argument("names", nargs=-1, metavar="[IMAGE]...")
@environment_option
def images(names: tuple[str, ...], environment: str | None) -> None:
    r"""Make what stands for container images here: `embulk`, and `worker-MODEL` of every model.

    What was made of the same sources and requirements is left alone, so this can be repeated.

    \b
    Example:
      mart images
      mart images worker-flight_delay
    """
    from featuremart.config.settings import load_settings
    from featuremart.errors import UsageError, did_you_mean
    from featuremart.local import images as local
    from featuremart.local.home import Home

    settings = load_settings()
    home = Home.of(settings, settings.declared(environment))
    known = [local.EMBULK, *(f"{local.WORKER}{model}" for model in local.models(home.root))]
    for name in names:
        if name not in known:
            raise UsageError(f"no image {name!r}: {did_you_mean(name, known)}", next_command="mart images")
    home.make()
    for name in names or known:
        _make_image(name, home, settings.environment(environment))


def _make_image(name: str, home: Home, environment: Environment) -> None:
    from featuremart.local.images import EMBULK, WORKER
    from featuremart.local.worker_venvs import make_worker

    if name == EMBULK:
        from featuremart.transfer.build import build
        from featuremart.transfer.rehearse import rehearse

        command = build(home.root, target=home.embulk, say=click.echo)
        rehearse(command, environment, say=click.echo)
        return
    began = time.monotonic()
    if make_worker(name.removeprefix(WORKER), home):
        click.echo(f"{name}: made in {time.monotonic() - began:.0f} s")
    else:
        click.echo(f"{name}: nothing to make, its requirements are unchanged")


def _table(found: list[ServerStatus]) -> list[str]:
    """Return aligned lines, whole whatever the width of the terminal: paths and addresses are there to be copied."""
    rows = [("server", "state", "pid", "endpoint", "memory", "log")]
    for server in found:
        memory = f"{server.memory / 2**20:.0f} MiB" if server.memory else "-"
        rows.append(
            (server.name, server.state, str(server.pid or "-"), server.endpoint, memory, str(server.log))
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
