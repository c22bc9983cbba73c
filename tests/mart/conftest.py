"""A mart of its own for each test, on the real emulator, through the real client."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace

import pytest
from google.cloud import bigquery

from featuremart.config import clients
from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN, ColumnType
from featuremart.mart.publish import Publication, StagedPartition, publish
from featuremart.mart.rest import Rest
from featuremart.mart.table import MartColumn, MartTable

NUMBERS = itertools.count(1)
TODAY = dt.date(2026, 3, 1)


def described(column, text):
    return MartColumn(column.name, column.type, column.required, text)


def timetable(**changes):
    """Return a small table with days."""
    columns = (
        described(PARTITION_COLUMN, "day of departure"),
        MartColumn("flight_id", ColumnType.STRING, required=True, description="the flight"),
        described(AVAILABLE_AT, "when it may be used"),
        MartColumn("minute", ColumnType.INT64, description="scheduled departure"),
        MartColumn("speed", ColumnType.FLOAT64, description="miles an hour"),
    )
    table = MartTable(
        name="flight_delay__timetable",
        description="What the timetable tells.",
        columns=columns,
        keys=("flight_id",),
        labels={"model": "flight_delay"},
        doc_fingerprint="d0c",
    )
    return replace(table, **changes)


def aircraft():
    """Return a small snapshot table."""
    columns = (
        MartColumn("tailnum", ColumnType.STRING, required=True, description="the aircraft"),
        described(AVAILABLE_AT, "when it may be used"),
        MartColumn("seats", ColumnType.INT64, description="seats"),
    )
    return MartTable("flight_delay__aircraft", "The aircraft.", columns, ("tailnum",), partitioned=False)


def flights(day, *minutes):
    """Return rows of the timetable, one a minute."""
    return [
        {
            "partition_day": day.isoformat(),
            "flight_id": f"{day}-{number}",
            "available_at": f"{day}T{10 + number % 10}:00:00Z",
            "minute": minute,
            "speed": None if minute is None else minute / 2,
        }
        for number, minute in enumerate(minutes)
    ]


@pytest.fixture(scope="session", name="timetable")
def timetable_fixture():
    """Return :func:`timetable`."""
    return timetable


@pytest.fixture(scope="session", name="aircraft")
def aircraft_fixture():
    """Return :func:`aircraft`."""
    return aircraft


@pytest.fixture(scope="session", name="flights")
def flights_fixture():
    """Return :func:`flights`."""
    return flights


@dataclass
class TestMart:
    """Two datasets, and what a publish step would do with them."""

    __test__ = False
    environment: object
    client: bigquery.Client
    rest: Rest
    names: itertools.count = field(default_factory=lambda: itertools.count(1))

    def stage(self, table, rows):
        """Load rows into a staging table and return its full name."""
        name = f"{self.environment.gcp_project}.{self.environment.staging_dataset}.{table.name}__{next(self.names)}"
        fields = [
            bigquery.SchemaField(c.name, str(c.type), "REQUIRED" if c.required else "NULLABLE")
            for c in table.columns
        ]
        self.client.create_table(bigquery.Table(name, schema=fields))
        if rows:
            config = bigquery.LoadJobConfig(schema=fields, write_disposition="WRITE_APPEND")
            self.client.load_table_from_json(rows, name, job_config=config).result()
        return name

    def staged(self, table, day, rows, fingerprint, staging=None):
        """Stage the rows of one day and return it as a partition to publish."""
        staging = staging or self.stage(table, rows)
        return StagedPartition(
            day, fingerprint, len(rows), staging, f"features/{table.name}/{day}/{fingerprint}/manifest.json"
        )

    def publish(self, table, *partitions, run="run-1", attempt="a1", today=TODAY, **options):
        publication = Publication(table, partitions, "c0de", run, attempt, "abc123", **options)
        return publish(self.client, self.rest, publication, today=today)

    def rows(self, query):
        """Run a query, in which ``mart.`` is the mart's dataset, and return its rows as tuples."""
        query = query.replace("mart.", f"{self.environment.mart_dataset}.")
        return [tuple(row) for row in self.client.query(query).result()]

    def minutes(self, table="flight_delay__timetable"):
        """Return what the timetable shows: day and minute."""
        return self.rows(f"SELECT partition_day, minute FROM mart.{table} ORDER BY partition_day, minute")


@pytest.fixture(scope="session")
def bigquery_client(environment):
    with clients.bigquery(environment) as client:
        yield client


@pytest.fixture
def mart(environment, bigquery_client):
    """Return a mart with datasets of its own."""
    number = next(NUMBERS)
    own = environment.model_copy(
        update={"mart_dataset": f"mart_{number}", "staging_dataset": f"staging_{number}"}
    )
    for dataset in (own.mart_dataset, own.staging_dataset):
        bigquery_client.create_dataset(dataset)
    yield TestMart(own, bigquery_client, Rest(own))
    for dataset in (own.mart_dataset, own.staging_dataset):
        bigquery_client.delete_dataset(dataset, delete_contents=True)


@pytest.fixture
def cloud(local_settings):
    """Return an environment in the cloud, with no endpoint of its own."""
    return local_settings.environments["production"]


@pytest.fixture
def run_python(tmp_path):
    """Return a function that runs code in a fresh interpreter and returns what it printed."""

    def run(code, **variables):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **variables},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
