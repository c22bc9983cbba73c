"""The server of S3, CloudWatch Logs, ECR and Secrets Manager: moto, with its objects and log events kept on disk."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featuremart.local.log_events import keep
from featuremart.local.objects import KeptObjects
from featuremart.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Serve until told to stop: ``python -m featuremart.local.aws --home .mart --http N``."""
    parser = argparse.ArgumentParser(prog="featuremart.local.aws")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--http", type=int, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import run_simple

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line for each request would fill the log
    run_simple(
        LOOPBACK, options.http, application(options.home), threaded=True, request_handler=MotoRequestHandler
    )


def application(home: Path) -> Callable[..., Any]:
    """Return moto as a WSGI application that keeps what it is given.

    Parameters
    ----------
    home
        The folder ``.mart``.
    """
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    know_the_services()
    keep(home / "logs.sqlite")
    objects = KeptObjects(home / "s3")
    objects.restore()
    return objects.around(DomainDispatcherApplication(create_backend_app))


def know_the_services() -> None:
    """Let moto look once, not at every request, which services it has.

    It lists the folder of its 170 services and looks at each entry: a quarter of the time of a small request.
    """
    backends: Any = import_module("moto.backends")
    names = frozenset(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: names


if __name__ == "__main__":
    main()
