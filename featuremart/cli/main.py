"""``mart``: the group of all commands, and the one place where errors become exit codes."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from featuremart import __version__
from featuremart.errors import EXIT_FAILED, EXIT_USAGE, MartError, did_you_mean

COMMANDS: dict[str, str] = {
    "run": "featuremart.cli.run:run",
    "extract": "featuremart.cli.steps:extract",
    "transform": "featuremart.cli.steps:transform",
    "load": "featuremart.cli.steps:load",
    "publish": "featuremart.cli.steps:publish",
    "notify": "featuremart.cli.steps:notify",
    "check": "featuremart.cli.check:check",
    "new": "featuremart.cli.new:new",
    "embulk": "featuremart.cli.embulk:embulk",
    "query": "featuremart.cli.query:query",
    "tables": "featuremart.cli.query:tables",
    "describe": "featuremart.cli.query:describe",
    "connect": "featuremart.cli.query:connect",
    "migrate": "featuremart.cli.migrate:migrate",
    "up": "featuremart.cli.servers:up",
    "servers": "featuremart.cli.servers:servers",
    "down": "featuremart.cli.servers:down",
    "images": "featuremart.cli.servers:images",
    "demo": "featuremart.cli.demo:demo",
}
"""Command name -> ``module:attribute``. A module imports click alone at its top, so that ``--help`` stays fast."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table: the way of the data first."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return _with_lines_kept(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, naming the nearest ones where there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}: {did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _with_lines_kept(command: click.Command) -> click.Command:
    r"""Turn the ``\b`` of a raw docstring into the character by which click keeps the lines of a paragraph."""
    if command.help:
        command.help = command.help.replace("\\b\n", "\b\n")
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _with_lines_kept(inner)
    return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="mart")
def mart() -> None:
    r"""Make, publish and query the features of a machine learning mart.

    \b
    Example:
      mart up
      mart run flight_delay --date 2013-01-31
      mart query "SELECT COUNT(*) FROM mart.flight_delay__timetable"
    """


_with_lines_kept(mart)


def main() -> None:
    """Run the command line: the entry point of the ``mart`` script."""
    sys.exit(invoke(sys.argv[1:]))


def invoke(arguments: list[str]) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments
        The words after ``mart``.

    Returns
    -------
    int
        0 done, 1 the work failed, 2 usage or configuration, 75 transient, 130 interrupted.
    """
    try:
        result = mart.main(args=arguments, prog_name="mart", standalone_mode=False)
    except MartError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except BrokenPipeError:
        sys.stderr.close()
        return EXIT_FAILED
    except Exception as error:  # noqa: BLE001 - the last line: a person gets a sentence, the traceback goes to a file
        click.echo(f"error: {_report_bug(error)}", err=True)
        return EXIT_FAILED
    return result if isinstance(result, int) else 0


def _report_bug(error: Exception) -> str:
    """Keep the traceback of an error that nobody foresaw, and say where it is."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="mart-error-", suffix=".txt", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    return (
        f"mart itself broke, this is a bug: {type(error).__name__}: {error}\n"
        f"  next: report it with {file.name}"
    )
