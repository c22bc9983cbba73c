"""The server of BigQuery: bqemulator, kept under ``.mart/bigquery``, with the work-arounds that it needs.

Each work-around stands here with its reason; ``tests/local/test_work_arounds.py`` fails as soon as a newer
emulator makes one unnecessary.
"""

from __future__ import annotations

import argparse
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from featuremart.local import bigquery_tables

_STATUS = {"notFound": 404, "accessDenied": 403, "duplicate": 409}
"""Reason of an error -> HTTP status; all others are 400."""


def main() -> None:
    """Serve until told to stop: ``python -m featuremart.local.bigquery --home .mart --http N --grpc N``."""
    parser = argparse.ArgumentParser(prog="featuremart.local.bigquery")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--grpc", type=int, required=True)
    parser.add_argument("--project", required=True)
    options = parser.parse_args()
    apply_work_arounds()
    _serve(options)


def _serve(options: argparse.Namespace) -> None:
    from bqemulator.config import LogLevel, PersistenceMode, Settings
    from bqemulator.server import run_forever

    folder = options.home / "bigquery"
    run_forever(
        Settings(
            rest_port=options.http,
            grpc_port=options.grpc,
            persistence_mode=PersistenceMode.PERSISTENT,
            data_dir=folder,
            upload_staging_dir=folder / "uploads",
            default_project_id=options.project,
            # Avro is not spoken here, and its extension would be downloaded at start.
            enable_format_extensions=False,
            time_travel_retention_days=0,  # see keep_no_copies_for_time_travel
            log_level=LogLevel.WARNING,
        )
    )


def apply_work_arounds() -> None:
    """Change the emulator where it cannot be used as it is."""
    start_without_spatial()
    accept_uploads_of_any_media_type()
    forget_sessions_that_were_read()
    keep_no_copies_for_time_travel()
    answer_failed_queries_with_an_error()
    bigquery_tables.apply()


def start_without_spatial() -> None:
    """Do not load DuckDB's extension for GEOGRAPHY.

    The emulator downloads it at every start, takes two seconds longer for it, and does not start without a
    network. Nothing here is a GEOGRAPHY.
    """
    engine = import_module("bqemulator.storage.engine").DuckDBEngine
    engine._load_spatial = lambda _self: None  # noqa: SLF001 - no setting turns it off


def accept_uploads_of_any_media_type() -> None:
    """Take uploads that the client declares as ``*/*``.

    google-cloud-bigquery sends load jobs with this media type; BigQuery takes them, the emulator answers 400.
    """
    upload: Any = import_module("bqemulator.api.routes.upload")
    upload._PERMITTED_MEDIA_CONTENT_TYPES += ("*/*",)  # noqa: SLF001 - no setting adds one


def forget_sessions_that_were_read() -> None:
    """Drop the table of a Storage Read session once it was read to its end and another session begins.

    The emulator keeps every session's table until it ends: 14 sessions of a million rows took 1.8 GB. The one
    that was read last is kept, for a client that asks for its end again.
    """
    servicer: Any = import_module("bqemulator.grpc_api.read_servicer")
    sessions = import_module("bqemulator.streaming.read_session")._SESSIONS  # noqa: SLF001 - no call ends a session
    create, read_rows = servicer.create_read_session, servicer.BigQueryReadHandler._handle_read_rows  # noqa: SLF001
    read_to_end: dict[str, set[str]] = {}

    def create_and_forget(*arguments: Any, **options: Any) -> Any:
        for name, read in list(read_to_end.items()):
            if read >= {stream.name for stream in sessions[name].streams}:
                del sessions[name], read_to_end[name]
        return create(*arguments, **options)

    def read_and_note(self: Any, request_bytes: bytes, context: Any) -> Any:
        from google.cloud.bigquery_storage_v1 import types

        yield from read_rows(self, request_bytes, context)
        stream = types.ReadRowsRequest.deserialize(request_bytes).read_stream
        session = stream.rpartition("/streams/")[0]
        if session in sessions:
            read_to_end.setdefault(session, set()).add(stream)

    servicer.create_read_session = create_and_forget
    servicer.BigQueryReadHandler._handle_read_rows = read_and_note  # noqa: SLF001 - see above


def keep_no_copies_for_time_travel() -> None:
    """Do not copy a table whole after each change of it.

    The emulator does, for ``FOR SYSTEM_TIME AS OF``, which nothing here uses: publishing one day into a table of
    336,000 rows took 0.7 s and 10 MB of disk each time, and takes 0.3 s and none. With no days of retention
    such a query is refused, not answered with the wrong rows. ``CREATE SNAPSHOT TABLE`` works as before.
    """
    manager: Any = import_module("bqemulator.versioning.snapshots").SnapshotManager
    manager.capture = lambda _self, *_table, **_kind: None


def answer_failed_queries_with_an_error() -> None:
    """Answer ``jobs.query`` with an HTTP error where the query fails, as BigQuery does.

    The emulator answers 200, no rows, and the error beside them, where Google's client does not look: a wrong
    query would be an empty result.
    """
    routes: Any = import_module("bqemulator.api.routes.jobs").router.routes
    path = "/projects/{project_id}/queries"
    [route] = [one for one in routes if one.path.endswith(path) and "POST" in one.methods]
    ask = route.endpoint

    @wraps(ask)
    async def ask_or_fail(*arguments: Any, **options: Any) -> Any:
        answer = await ask(*arguments, **options)
        return _http_error(answer["errors"]) if answer.get("errors") else answer

    route.endpoint = ask_or_fail


def _http_error(errors: list[dict[str, str]]) -> Any:
    from fastapi.responses import JSONResponse

    status = _STATUS.get(errors[0]["reason"], 400)
    return JSONResponse(
        {"error": {"code": status, "message": errors[0]["message"], "errors": errors}}, status
    )


if __name__ == "__main__":
    main()
