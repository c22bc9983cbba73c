"""The server of S3, CloudWatch Logs, ECR and Secrets Manager: moto, with its S3 objects kept on disk."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path


def main() -> None:
    """Serve until told to stop: ``python -m featuremart.local.aws --home .mart --http N``."""
    parser = argparse.ArgumentParser(prog="featuremart.local.aws")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--http", type=int, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import run_simple

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    run_simple(
        "127.0.0.1",
        options.http,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )


if __name__ == "__main__":
    main()
