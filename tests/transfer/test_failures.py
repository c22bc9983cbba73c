"""How real Embulk fails: the exit code, the words in the log, and nothing left behind."""

from __future__ import annotations

import datetime as dt
import hashlib
import signal
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3
from google.cloud.exceptions import NotFound

from featuremart.config.settings import Endpoints
from featuremart.lake.columns import Column, ColumnType
from featuremart.transfer import render
from tests.transfer.rows import COLUMNS, DAY, FIRST_DAY, extreme_rows, table
from tests.transfer.test_round_trip import fill, put_parquet

pytestmark = pytest.mark.slow

NOBODY = "127.0.0.1:9"
"""Where no server listens: the port of the discard protocol."""


@pytest.fixture(scope="module")
def source(warehouse, environment):
    """Make a warehouse table of one day."""
    return fill(warehouse, environment, table(extreme_rows()))


def extraction(environment, source, attempt, *, sql="SELECT * FROM {}", columns=COLUMNS, day=FIRST_DAY):
    return render.extract(
        sql=sql.format(source),
        columns=columns,
        partitions={str(FIRST_DAY): f"raw/t/{FIRST_DAY}/f/{attempt}/"},
        first_day=day,
        last_day=FIRST_DAY,
        report_key=f"runs/{attempt}/report.json",
        environment=environment,
    )


def loading(environment, objects, attempt, *, columns=(*COLUMNS, DAY)):
    return render.load(
        objects=objects,
        columns=columns,
        staging_table=f"m__t__{attempt[:12]}",
        expires_hours=72,
        report_key=f"runs/{attempt}/report.json",
        environment=environment,
    )


def with_endpoints(environment, **endpoints):
    known = environment.endpoints.model_dump() | endpoints
    return environment.model_copy(update={"endpoints": Endpoints(**known)})


def assert_nothing_is_left(embulk, warehouse, attempt):
    assert embulk.store.find(f"runs/{attempt}/report.json") is None
    assert list(embulk.store.list(f"raw/t/{FIRST_DAY}/f/{attempt}/")) == []
    tables = {item.table_id for item in warehouse.list_tables(embulk.environment.staging_dataset)}
    temporary = hashlib.sha256(embulk.store.uri(f"runs/{attempt}/report.json").encode()).hexdigest()[:24]
    assert f"featuremart_extract_{temporary}" not in tables
    assert f"m__t__{attempt[:12]}" not in tables
    assert list(embulk.temporary.iterdir()) == []


def test_an_unknown_column_is_told_in_bigquerys_words(embulk, warehouse, environment, source, attempt):
    ended = embulk.run(extraction(environment, source, attempt, sql="SELECT carier FROM {}"))
    assert ended.exit_code == 1
    assert "carier" in ended.last_line
    assert ended.last_line.startswith("error: BigQuery job featuremart_extract_")
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_a_type_that_is_not_the_declared_one_is_told(embulk, warehouse, environment, source, attempt):
    wrong = [Column("a_string", ColumnType.INT64)]
    ended = embulk.run(extraction(environment, source, attempt, columns=wrong))
    assert ended.exit_code == 1
    assert "column a_string is declared INT64, the query gives STRING" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_a_null_in_a_required_column_is_told(embulk, warehouse, environment, source, attempt):
    wrong = [replace(COLUMNS[1], required=True)]
    ended = embulk.run(extraction(environment, source, attempt, columns=wrong))
    assert ended.exit_code == 1
    assert f"column {COLUMNS[1].name} is required, the query gives a NULL" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_a_day_that_was_not_asked_for_is_told(embulk, warehouse, environment, attempt):
    two_days = fill(warehouse, environment, table(extreme_rows(), days=2))
    config = extraction(environment, two_days, attempt).replace(
        f"last_day: '{FIRST_DAY}'", f"last_day: '{FIRST_DAY + dt.timedelta(days=1)}'"
    )
    ended = embulk.run(config)
    assert ended.exit_code == 1
    assert "a partition that was not asked for" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_s3_that_does_not_answer_is_transient(embulk, environment, source, attempt):
    ended = embulk.run(extraction(environment, source, attempt), AWS_ENDPOINT_URL=f"http://{NOBODY}")
    assert ended.exit_code == 75
    assert ended.last_line.startswith("error: S3: ")


def test_bigquery_that_does_not_answer_is_transient(embulk, environment, source, attempt):
    away = with_endpoints(environment, bigquery=f"http://{NOBODY}")
    ended = embulk.run(extraction(away, source, attempt))
    assert ended.exit_code == 75
    assert ended.last_line.startswith("error: BigQuery: ")


def test_the_storage_api_that_does_not_answer_is_transient(embulk, warehouse, environment, source, attempt):
    away = with_endpoints(environment, bigquery_storage=NOBODY)
    ended = embulk.run(extraction(away, source, attempt))
    assert ended.exit_code == 75
    assert ended.last_line.startswith("error: BigQuery's Storage API: ")
    assert_nothing_is_left(embulk, warehouse, attempt)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("type: bigquery", "type: bigqueri", "InputPlugin 'bigqueri' is not found"),
        ("  project: ", "  projekt: ", "'project' is required"),
        ("in:", "in: [", "no YAML"),
        ("report: ", "rapport: ", "report is required"),
    ],
)
def test_a_wrong_configuration_is_told_as_such(embulk, environment, source, attempt, old, new, words):
    config = extraction(environment, source, attempt)
    assert old in config
    ended = embulk.run(config.replace(old, new, 1))
    assert ended.exit_code == 2, ended.log
    assert words in ended.last_line


@pytest.mark.parametrize("arguments", [(), ("embulk.yml",), ("s3://featuremart-local/none.yml",)])
def test_no_configuration_is_told_as_such(embulk, arguments):
    ended = embulk.run_uri(*arguments)
    assert ended.exit_code == 2
    assert ended.last_line.startswith("error: ")


def test_a_parquet_object_that_was_changed_is_not_loaded(embulk, warehouse, environment, attempt):
    item = put_parquet(embulk, table(extreme_rows()), f"features/{attempt}/")
    body = bytearray(embulk.store.get(item.key))
    body[100] ^= 1
    embulk.store.put(item.key, bytes(body))
    ended = embulk.run(loading(environment, [("2013-03-09", item)], attempt))
    assert ended.exit_code == 1
    assert f"{item.key} is not what its manifest names" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_a_second_object_that_is_missing_leaves_no_staging_table(embulk, warehouse, environment, attempt):
    item = put_parquet(embulk, table(extreme_rows()), f"features/{attempt}/")
    missing = item.model_copy(update={"key": f"features/{attempt}/none.parquet"})
    ended = embulk.run(loading(environment, [("2013-03-09", item), ("2013-03-10", missing)], attempt))
    assert ended.exit_code == 1
    assert "none.parquet does not exist" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (COLUMNS, "has columns that are not declared: partition_day"),
        ((*COLUMNS, DAY, Column("tailnum", ColumnType.STRING)), "has no column tailnum"),
        ((Column("row", ColumnType.STRING), *COLUMNS[1:], DAY), "column row is declared STRING"),
    ],
)
def test_other_columns_than_the_declared_ones_are_told(
    embulk, warehouse, environment, attempt, columns, words
):
    item = put_parquet(embulk, table(extreme_rows()), f"features/{attempt}/")
    ended = embulk.run(loading(environment, [("2013-03-09", item)], attempt, columns=columns))
    assert ended.exit_code == 1
    assert words in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_other_rows_than_the_manifest_names_are_told(embulk, warehouse, environment, attempt):
    item = put_parquet(embulk, table(extreme_rows()), f"features/{attempt}/")
    ended = embulk.run(loading(environment, [("2013-03-09", item.model_copy(update={"rows": 3}))], attempt))
    assert ended.exit_code == 1
    assert "its manifest names 3" in ended.last_line
    assert_nothing_is_left(embulk, warehouse, attempt)


@contextmanager
def s3_that_holds_writes(endpoint):
    """Serve what S3 serves, but never answer a write; yield the address and an event set by the first one."""
    held, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = urllib3.request("GET", endpoint + self.path, headers=kept)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        def do_PUT(self):
            held.set()
            over.wait(60)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", held
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_run_that_is_told_to_stop_drops_its_temporary_table(
    embulk, warehouse, environment, source, attempt
):
    key = f"runs/{attempt}/embulk.yml"
    embulk.store.put(key, extraction(environment, source, attempt).encode())
    with s3_that_holds_writes(environment.endpoints.aws) as (address, held):
        process = embulk.start_uri(embulk.store.uri(key), AWS_ENDPOINT_URL=address)
        try:
            assert held.wait(60)
            names = [item.table_id for item in warehouse.list_tables(environment.staging_dataset)]
            assert [name for name in names if name.startswith("featuremart_extract_")]
            process.send_signal(signal.SIGTERM)
            log, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 128 + signal.SIGTERM
    assert "stopping: drop temporary table" in log
    assert_nothing_is_left(embulk, warehouse, attempt)


def test_what_stood_under_the_staging_tables_name_is_replaced(embulk, warehouse, environment, attempt):
    item = put_parquet(embulk, table(extreme_rows()), f"features/{attempt}/")
    config = loading(environment, [("2013-03-09", item)], attempt)
    name = f"{environment.gcp_project}.{environment.staging_dataset}.m__t__{attempt[:12]}"
    with pytest.raises(NotFound):
        warehouse.get_table(name)
    for job in ("_first", "_second"):
        again = config.replace("job: featuremart_load_", f"job: featuremart_load{job}_")
        assert embulk.run(again).exit_code == 0
        assert warehouse.get_table(name).num_rows == item.rows
