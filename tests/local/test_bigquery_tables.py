"""The emulator and BigQuery describe their tables alike; without our work-arounds they would not."""

from __future__ import annotations

import sys

import psutil
import pytest
from google.cloud import bigquery

from featuremart.config import clients
from featuremart.config.settings import Endpoints
from featuremart.local import ports, processes

pytestmark = pytest.mark.slow

AS_IT_IS = (
    "from featuremart.local import bigquery; bigquery.bigquery_tables.apply = lambda: None; bigquery.main()"
)


@pytest.fixture(scope="module")
def as_it_is(environment, tmp_path_factory, wait_until):
    """Serve the emulator as it is published, without the work-arounds for its tables."""
    home = tmp_path_factory.mktemp("as_it_is")
    chosen = {}
    for purpose in ("http", "grpc"):
        chosen[purpose] = ports.choose(f"{home} {purpose}", taken=set(chosen.values()))
    line = [sys.executable, "-c", AS_IT_IS, "--home", str(home), "--project", environment.gcp_project]
    for purpose, port in chosen.items():
        line += [f"--{purpose}", str(port)]
    pid = processes.spawn(line, environment=processes.plain_environment({}), log=home / "log")
    try:
        wait_until(lambda: ports.listens(chosen["http"]), said=(home / "log").read_text)
        endpoints = Endpoints(bigquery=f"http://127.0.0.1:{chosen['http']}")
        yield environment.model_copy(update={"endpoints": endpoints})
    finally:
        processes.stop([psutil.Process(pid)], within=10)


@pytest.fixture(params=[True, False], ids=["ours", "as it is"])
def emulator(request):
    """Return a BigQuery client, and whether its server has our work-arounds."""
    environment = request.getfixturevalue("environment" if request.param else "as_it_is")
    client = clients.bigquery(environment)
    client.create_dataset("described", exists_ok=True)
    yield client, request.param
    client.delete_dataset("described", delete_contents=True)
    client.close()


def make(client, name):
    fields = [
        bigquery.SchemaField("k", "INT64", "REQUIRED", description="key"),
        bigquery.SchemaField("v", "STRING"),
    ]
    return client.create_table(bigquery.Table(f"{client.project}.described.{name}", schema=fields))


def run(client, sql):
    return [tuple(row) for row in client.query(sql).result()]


def test_writing_moves_the_last_modified_time(emulator):
    client, ours = emulator
    made = make(client, "written")

    run(client, "INSERT INTO described.written (k, v) VALUES (1, 'x')")
    inserted = client.get_table(made.reference).modified
    client.load_table_from_json([{"k": 2, "v": "y"}], made.reference).result()
    loaded = client.get_table(made.reference).modified

    assert (made.modified < inserted, inserted < loaded) == (ours, ours)


def test_a_described_column_takes_rows(emulator):
    client, ours = emulator
    table = make(client, "widened")
    table.schema = [*table.schema, bigquery.SchemaField("added", "TIMESTAMP")]

    client.update_table(table, ["schema"])

    insert = "INSERT INTO described.widened (k, added) VALUES (1, TIMESTAMP '2013-01-01 00:00:00+00')"
    if ours:
        run(client, insert)
        assert run(client, "SELECT added IS NULL FROM described.widened") == [(False,)]
    else:
        with pytest.raises(Exception, match="added"):
            run(client, insert)


@pytest.mark.parametrize(
    ("action", "columns"),
    [
        ("DROP COLUMN v", [("k", "INTEGER", "key")]),
        ("RENAME COLUMN k TO id", [("id", "INTEGER", "key"), ("v", "STRING", None)]),
        ("ADD COLUMN w BOOL", [("k", "INTEGER", "key"), ("v", "STRING", None), ("w", "BOOLEAN", None)]),
        ("ALTER COLUMN k SET DATA TYPE NUMERIC", [("k", "NUMERIC", "key"), ("v", "STRING", None)]),
    ],
)
def test_alter_changes_the_description(emulator, action, columns):
    client, ours = emulator
    table = make(client, "altered")

    run(client, f"ALTER TABLE described.altered {action}")

    standard = {"INT64": "INTEGER", "BOOL": "BOOLEAN"}
    found = [
        (field.name, standard.get(field.field_type, field.field_type), field.description)
        for field in client.get_table(table.reference).schema
    ]
    assert (found == columns) == ours
