"""The real data, as the sources' own SQL makes it, and as the engine makes features of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from featuremart.batch.checks import Checks
from featuremart.batch.engine import Engine
from featuremart.batch.functions import load_functions
from featuremart.batch.inputs import days_read
from featuremart.catalog.loading import load
from featuremart.config import clients
from featuremart.lake.days import DayRange, partition_label

ROOT = Path(__file__).parents[2]
YEAR = DayRange(dt.date(2013, 1, 1), dt.date(2013, 12, 31))


@pytest.fixture(scope="session")
def catalog():
    """Return the catalog of this repository."""
    return load(ROOT)


@pytest.fixture(scope="session")
def extracted(warehouse, catalog):
    """Return a function that tells what a source's SQL makes of the whole warehouse, or of some days of it."""
    from google.cloud import bigquery

    client = clients.bigquery(warehouse)

    @cache
    def extract(name, days=YEAR):
        source = catalog.sources[name]
        query, parameters = source.sql, []
        if not source.is_snapshot:
            # as an extraction asks for them
            query = f"SELECT * FROM ({query}) WHERE partition_day BETWEEN @first_day AND @last_day"
            bounds = {"first_day": days.first, "last_day": days.last}
            parameters = [bigquery.ScalarQueryParameter(key, "DATE", day) for key, day in bounds.items()]
        table = f"{warehouse.staging_dataset}.extracted_{name}"
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        client.query(f"CREATE OR REPLACE TABLE {table} AS {query}", job_config=config).result()
        return _read(warehouse, client.get_table(table))

    return extract


def _read(environment, table):
    """Read a table by the Storage Read API, whose Arrow messages the clients' own readers no longer decode."""
    from google.cloud.bigquery_storage_v1 import types

    storage = clients.bigquery_storage(environment)
    path = f"projects/{table.project}/datasets/{table.dataset_id}/tables/{table.table_id}"
    wanted = types.ReadSession(table=path, data_format=types.DataFormat.ARROW)
    session = storage.create_read_session(
        parent=f"projects/{table.project}", read_session=wanted, max_stream_count=1
    )
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    batches = [
        pa.ipc.read_record_batch(pa.py_buffer(message.arrow_record_batch.serialized_record_batch), schema)
        for stream in session.streams
        for message in storage.read_rows(stream.name)
    ]
    return pa.Table.from_batches(batches, schema)


@pytest.fixture(scope="session")
def computed(extracted, catalog):
    """Return a function that computes a whole feature table of real rows, with its rejected features too.

    Every partition must pass the checks of the table.
    """
    parts = {}

    def raw(name):
        if name not in parts:
            rows = extracted(name)
            if catalog.sources[name].is_snapshot:
                parts[name] = {None: _batch(rows)}
            else:
                found = rows.column("partition_day").to_pandas()
                rows = rows.drop_columns(["partition_day"])
                parts[name] = {day: _batch(rows.filter(pa.array(found == day))) for day in YEAR}
        return parts[name]

    @cache
    def compute(name):
        table = catalog.table(name)
        everything = replace(table, features=tuple(replace(f, rejected=None) for f in table.features))
        engine = Engine(everything, catalog.sources, load_functions(everything))
        checks = Checks(everything)
        prepared = {}
        for source in table.sources:
            wanted = [column.name for column in engine.columns(source)]
            for day, rows in raw(source).items():
                prepared[source, day] = engine.prepare(source, day, rows.select(wanted))
        made = []
        for partition in [None] if catalog.sources[table.source].is_snapshot else YEAR:
            read = days_read(table, catalog.sources, partition)
            inputs = {source: [prepared[source, day] for day in days] for source, days in read.items()}
            output = engine.compute(partition, inputs, extracted_at=dt.datetime.now(dt.UTC))
            rows = inputs[table.source][-1].rows.num_rows
            checks.enforce(partition_label(partition), output, source_rows=rows)
            made.append(output)
        return pa.Table.from_batches(made).to_pandas()

    return compute


def _batch(rows):
    return pa.Table.to_batches(rows.combine_chunks())[0] if rows.num_rows else _nothing(rows.schema)


def _nothing(schema):
    return pa.record_batch([pa.array([], field.type) for field in schema], schema=schema)


@pytest.fixture(scope="session")
def says(catalog):
    """Return a function that asserts what a feature's ``Tendency``, or the finding that rejected it, says."""

    def check(feature_id, sentence):
        table, _, name = feature_id.rpartition(".")
        feature = next(feature for feature in catalog.table(table).features if feature.name == name)
        texts = [feature.doc.section("Tendency"), feature.rejected or ""]
        said = [" ".join(text.split()) for text in texts]
        assert sentence in said, f"\n{feature_id} should say: {sentence}"

    return check
