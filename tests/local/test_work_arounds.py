"""Each work-around for an emulator does its work, and is still needed.

Where a test here that says "still" fails, the emulator has learned it: take the work-around out.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from featuremart.config import clients
from featuremart.config.settings import Environment
from featuremart.local.aws import know_the_services

pytestmark = pytest.mark.slow

STOCK = Path(__file__).parent / "stock"
PROJECT = "featuremart-local"


@pytest.fixture
def emulator(server):
    """Return a function that starts the emulator, without one of the work-arounds if one is named."""

    def start(without=None):
        entry = (str(STOCK / "bigquery.py"), without) if without else ()
        options = ("--project", PROJECT)
        made = server("featuremart.local.bigquery", entry=entry, purposes=("http", "grpc"), options=options)
        environment = Environment.model_validate(
            dict.fromkeys(("bucket", "cluster", "aws_region"), "-")
            | {"name": "local", "gcp_project": PROJECT, "gcp_location": "US", "max_bytes_billed": 1}
            | dict.fromkeys(("warehouse_dataset", "mart_dataset", "staging_dataset"), "data")
            | {
                "endpoints": {
                    "bigquery": made.url,
                    "bigquery_storage": f"127.0.0.1:{made.ports['grpc']}",
                }
            }
        )
        client = clients.bigquery(environment)
        client.create_dataset("data")
        return environment, client, made

    return start


def load(client):
    config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("n", "INT64")])
    return client.load_table_from_json([{"n": 1}, {"n": 2}], "data.loaded", job_config=config).result()


def test_what_the_client_uploads_is_loaded(emulator):
    _, client, _ = emulator()
    assert load(client).output_rows == 2


def test_the_emulator_still_refuses_what_the_client_uploads(emulator):
    _, client, _ = emulator(without="accept_uploads_of_any_media_type")
    with pytest.raises(BadRequest, match="unsupported Content-Type"):
        load(client)


def read(storage, session):
    """Return the rows of a session's one stream."""
    [stream] = session.streams
    batches = [answer.arrow_record_batch.serialized_record_batch for answer in storage.read_rows(stream.name)]
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    tables = [pa.ipc.read_record_batch(pa.py_buffer(batch), schema) for batch in batches]
    return pa.Table.from_batches(tables)["n"].to_pylist()


def read_twice(environment, client, _):
    """Read a table by two sessions, one after the other; return how to read the first one again."""
    client.query_and_wait("CREATE TABLE data.read AS SELECT 1 AS n")
    storage = clients.bigquery_storage(environment)
    sessions = []
    for _ in range(2):
        session = storage.create_read_session(
            parent=f"projects/{PROJECT}",
            read_session={"table": f"projects/{PROJECT}/datasets/data/tables/read", "data_format": "ARROW"},
            max_stream_count=1,
        )
        assert read(storage, session) == [1]
        sessions.append(session)
    first, last = sessions
    assert read(storage, last) == [1], "the last one can be read again"
    return lambda: read(storage, first)


def test_a_session_is_forgotten_once_it_was_read(emulator):
    read_first_again = read_twice(*emulator())
    with pytest.raises(NotFound):
        read_first_again()


def test_the_emulator_still_keeps_every_session(emulator):
    read_first_again = read_twice(*emulator(without="forget_sessions_that_were_read"))
    assert read_first_again() == [1]


def test_a_session_that_is_being_read_is_kept(emulator):
    environment, client, _ = emulator()
    client.query_and_wait("CREATE TABLE data.read AS SELECT n FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n")
    storage = clients.bigquery_storage(environment)

    def open_session():
        return storage.create_read_session(
            parent=f"projects/{PROJECT}",
            read_session={"table": f"projects/{PROJECT}/datasets/data/tables/read", "data_format": "ARROW"},
            max_stream_count=2,
        )

    first = open_session()
    assert len(first.streams) == 2
    rows = sum(answer.row_count for answer in storage.read_rows(first.streams[0].name))
    open_session()
    rows += sum(answer.row_count for answer in storage.read_rows(first.streams[1].name))
    assert rows == 200000


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT nothing FROM data.asked", BadRequest),
        ("SELECT ERROR('no')", BadRequest),
        ("SELECT 1 FROM data.nothing", NotFound),
        (
            "BEGIN TRANSACTION; INSERT INTO data.asked (n) VALUES (2); SELECT ERROR('no'); COMMIT TRANSACTION;",
            BadRequest,
        ),
    ],
)
def test_a_query_that_fails_is_an_error(emulator, sql, error):
    _, client, _ = emulator()
    client.query_and_wait("CREATE TABLE data.asked AS SELECT 1 AS n")
    with pytest.raises(error):
        client.query_and_wait(sql)
    assert [row["n"] for row in client.query_and_wait("SELECT n FROM data.asked")] == [1]


def test_the_emulator_still_answers_a_failed_query_with_no_rows(emulator):
    _, client, _ = emulator(without="answer_failed_queries_with_an_error")
    assert list(client.query_and_wait("SELECT ERROR('no')")) == []


def change(client):
    client.query_and_wait("CREATE TABLE data.changed (n INT64)")
    client.query_and_wait("INSERT INTO data.changed (n) VALUES (1)")
    client.query_and_wait("INSERT INTO data.changed (n) VALUES (2)")


def copies(server):
    """Stop the emulator and count the copies of tables that it made."""
    server.stop()
    with duckdb.connect(server.home / "bigquery" / "bqemulator.duckdb", read_only=True) as database:
        made = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '_bqemulator_snapshots'"
        return database.execute(made).fetchone()[0]


def test_a_table_is_not_copied_and_as_it_was_is_refused(emulator):
    _, client, server = emulator()
    change(client)
    with pytest.raises(BadRequest, match="retention"):
        client.query_and_wait(
            "SELECT n FROM data.changed FOR SYSTEM_TIME AS OF TIMESTAMP '2013-01-01 00:00:00+00'"
        )
    assert copies(server) == 0


def test_the_emulator_still_copies_a_table_at_each_change(emulator):
    _, client, server = emulator(without="keep_no_copies_for_time_travel")
    change(client)
    assert copies(server) >= 2


def test_a_snapshot_that_was_asked_for_is_one(emulator):
    _, client, _ = emulator()
    client.query_and_wait("CREATE TABLE data.kept AS SELECT 1 AS n")
    client.query_and_wait("CREATE SNAPSHOT TABLE data.kept_then CLONE data.kept")
    client.query_and_wait("DELETE FROM data.kept WHERE TRUE")
    assert [row["n"] for row in client.query_and_wait("SELECT n FROM data.kept_then")] == [1]


def test_the_emulator_still_loads_an_extension_for_geography():
    from bqemulator.config import Settings
    from bqemulator.storage.engine import DuckDBEngine

    ran = []
    engine = DuckDBEngine(Settings())
    engine._connection = SimpleNamespace(execute=ran.append)
    engine._load_spatial()
    assert "LOAD spatial" in ran


@pytest.mark.parametrize(("application", "codes"), [("kept", "200 412"), ("stock", "200 200")])
def test_of_two_that_look_at_once_one_is_first_and_moto_still_tells_both_that_they_are(
    tmp_path, application, codes
):
    line = [sys.executable, str(STOCK / "race.py"), application, str(tmp_path)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == codes


def test_moto_still_lists_its_services_at_every_request(monkeypatch):
    from moto import backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    listed = []
    monkeypatch.setattr(backends, "list_of_moto_modules", lambda: listed.append("again") or ["s3"])
    served = DomainDispatcherApplication(create_backend_app)
    for _ in range(2):
        assert served.get_backend_for_host("s3.us-east-1.amazonaws.com") == "s3"
    assert len(listed) == 2

    know_the_services()
    served.get_backend_for_host("s3.us-east-1.amazonaws.com")
    served.get_backend_for_host("s3.us-east-1.amazonaws.com")
    assert len(listed) == 3
