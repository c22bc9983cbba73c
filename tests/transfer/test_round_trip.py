"""Every column, both ways, by real Embulk: warehouse -> S3 as pyarrow reads it, and Parquet -> staging table."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1.types import DataFormat, ReadSession
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from featuremart.lake.manifest import DataObject
from featuremart.lake.store import sha256_hex
from featuremart.transfer import render
from featuremart.transfer.report import parse_extract, parse_load
from tests.transfer.rows import (
    COLUMNS,
    DAY,
    FIRST_DAY,
    assert_same_columns,
    content_checksum,
    extreme_rows,
    row_values,
    table,
)

pytestmark = pytest.mark.slow

DAYS = 3
FEW_JVMS = settings(
    max_examples=2,
    phases=[Phase.generate],  # to shrink an example would start a JVM a hundred times
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    database=None,
)


def fill(warehouse, environment, data):
    """Make a warehouse table of some rows, in their order."""
    name = f"{environment.warehouse_dataset}.t{uuid.uuid4().hex}"
    full = f"{environment.gcp_project}.{name}"
    warehouse.create_table(
        bigquery.Table(
            full,
            [
                bigquery.SchemaField(column.name, column.type, "REQUIRED" if column.required else "NULLABLE")
                for column in (*COLUMNS, DAY)
            ],
        )
    )
    file = io.BytesIO()
    pq.write_table(data, file)
    file.seek(0)
    config = bigquery.LoadJobConfig(source_format=bigquery.SourceFormat.PARQUET)
    warehouse.load_table_from_file(file, full, job_config=config).result()
    return name


def extract(embulk, source, *, days=DAYS, columns=COLUMNS):
    """Extract some days of a warehouse table; return the report and the rows that pyarrow reads, by label."""
    attempt = uuid.uuid4().hex
    labels = [str(FIRST_DAY + dt.timedelta(days=day)) for day in range(days)]
    report_key = f"runs/{attempt}/report.json"
    ended = embulk.run(
        render.extract(
            sql=f"SELECT * FROM {source} -- all of it",
            columns=columns,
            partitions={label: f"raw/t/{label}/f/{attempt}/" for label in labels},
            first_day=FIRST_DAY,
            last_day=FIRST_DAY + dt.timedelta(days=days - 1),
            report_key=report_key,
            environment=embulk.environment,
        )
    )
    assert ended.exit_code == 0, ended.log
    report = parse_extract(embulk.store.get(report_key), key=report_key)
    assert [made.partition for made in report.partitions] == labels
    return report, {made.partition: read_back(embulk, made) for made in report.partitions}


def read_back(embulk, made):
    """Read the objects of a partition as the worker does, each checked against what the report says of it."""
    parts = []
    for item in made.objects:
        data = embulk.store.get(item.key)
        assert (len(data), sha256_hex(data)) == (item.size, item.sha256)
        parts.append(pa.ipc.open_file(data).read_all())
        assert parts[-1].num_rows == item.rows
    assert sum(part.num_rows for part in parts) == made.rows
    return pa.concat_tables(parts) if parts else None


def test_every_column_comes_from_the_warehouse_to_s3_as_it_was(embulk, warehouse, environment):
    @FEW_JVMS
    @given(st.lists(row_values(), min_size=20, max_size=60))
    def check(generated):
        expected = table([*extreme_rows(), *generated], days=DAYS)
        report, found = extract(embulk, fill(warehouse, environment, expected))
        assert_same_columns(pa.concat_tables(found.values()), expected, (*COLUMNS, DAY))
        for made in report.partitions:
            rows = found[made.partition]
            assert set(rows.column(DAY.name).to_pylist()) == {dt.date.fromisoformat(made.partition)}
            assert made.content_checksum == content_checksum(rows, (*COLUMNS, DAY))

    check()


def test_every_column_comes_from_s3_to_the_staging_table_as_it_was(embulk, warehouse, storage):
    @FEW_JVMS
    @given(st.lists(row_values(), min_size=20, max_size=60))
    def check(generated):
        expected = table([*extreme_rows(), *generated], days=DAYS)
        report, name = load(embulk, [("2013-03-09", expected.slice(0, 7)), ("2013-03-10", expected.slice(7))])
        assert report.rows == expected.num_rows
        assert [(part.partition, part.rows) for part in report.partitions] == [
            ("2013-03-09", 7),
            ("2013-03-10", expected.num_rows - 7),
        ]
        assert_same_columns(by_storage_read(storage, name), expected, (*COLUMNS, DAY))
        by_rest = warehouse.list_rows(warehouse.get_table(name)).to_arrow(create_bqstorage_client=False)
        assert_same_columns(by_rest, expected, (*COLUMNS, DAY))

    check()


def by_storage_read(storage, full_name):
    """Read a table whole, as the Storage Read API sends it."""
    project, dataset, name = full_name.split(".")
    session = storage.create_read_session(
        parent=f"projects/{project}",
        read_session=ReadSession(
            table=f"projects/{project}/datasets/{dataset}/tables/{name}", data_format=DataFormat.ARROW
        ),
        max_stream_count=1,
    )
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    batches = [
        pa.ipc.read_record_batch(pa.py_buffer(response.arrow_record_batch.serialized_record_batch), schema)
        for stream in session.streams
        for response in storage.read_rows(stream.name)
    ]
    return pa.Table.from_batches(batches, schema)


def load(embulk, parts, *, columns=(*COLUMNS, DAY)):
    """Load Parquet objects that pyarrow wrote; return the report and the staging table's full name."""
    attempt = uuid.uuid4().hex
    report_key = f"runs/{attempt}/report.json"
    objects = [
        (label, put_parquet(embulk, data, f"features/m/t/{label}/f/{attempt}/")) for label, data in parts
    ]
    ended = embulk.run(
        render.load(
            objects=objects,
            columns=columns,
            staging_table=f"m__t__{attempt[:12]}",
            expires_hours=72,
            report_key=report_key,
            environment=embulk.environment,
        )
    )
    assert ended.exit_code == 0, ended.log
    report = parse_load(embulk.store.get(report_key), key=report_key)
    return report, report.table


def put_parquet(embulk, data, prefix):
    """Write a Parquet object as a worker does, and return its description."""
    file = io.BytesIO()
    pq.write_table(data, file, compression="zstd")
    body = file.getvalue()
    embulk.store.put(f"{prefix}part-0.parquet", body)
    return DataObject(
        key=f"{prefix}part-0.parquet", size=len(body), sha256=sha256_hex(body), rows=data.num_rows
    )


def test_the_staging_table_has_the_declared_schema(embulk, warehouse):
    _, name = load(embulk, [("2013-03-09", table(extreme_rows()))])
    made = warehouse.get_table(name)
    wanted = [
        (column.name, str(column.type), "REQUIRED" if column.required else "NULLABLE")
        for column in (*COLUMNS, DAY)
    ]
    aliases = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
    found = [
        (field.name, aliases.get(field.field_type, field.field_type), field.mode) for field in made.schema
    ]
    assert found == wanted


def test_partitions_without_rows_load_as_an_empty_table(embulk, warehouse):
    report, name = load(embulk, [("2013-03-09", table([]))])
    assert (report.rows, warehouse.get_table(name).num_rows) == (0, 0)
    assert [(part.partition, part.rows) for part in report.partitions] == [("2013-03-09", 0)]


def test_days_without_rows_are_reported_too(embulk, warehouse, environment):
    expected = table(extreme_rows(), days=2)
    report, found = extract(embulk, fill(warehouse, environment, expected), days=4)
    assert [made.rows for made in report.partitions] == [expected.num_rows // 2, expected.num_rows // 2, 0, 0]
    empty = report.partitions[2]
    assert (empty.objects, found[empty.partition]) == ((), None)
    assert empty.content_checksum == content_checksum(expected.slice(0, 0), (*COLUMNS, DAY))


def test_no_rows_at_all_are_a_report_of_empty_days(embulk, warehouse, environment):
    report, _ = extract(embulk, fill(warehouse, environment, table([])))
    assert [made.rows for made in report.partitions] == [0, 0, 0]


def test_the_checksum_depends_on_the_rows_and_not_on_their_order(embulk, warehouse, environment):
    rows = table(extreme_rows() * 3, days=DAYS)
    backwards = rows.take(list(reversed(range(rows.num_rows))))
    other = rows.set_column(
        1, rows.schema.field(1), pa.array([1, *rows.column(1).to_pylist()[1:]], pa.int64())
    )
    reports = [extract(embulk, fill(warehouse, environment, data))[0] for data in (rows, backwards, other)]
    first, second, third = ([made.content_checksum for made in report.partitions] for report in reports)
    assert first == second
    assert first[0] != third[0]
    assert first[1:] == third[1:]


def test_a_snapshot_has_one_partition_and_no_day(embulk, warehouse, environment, attempt):
    expected = table(extreme_rows())
    source = fill(warehouse, environment, expected)
    report_key = f"runs/{attempt}/report.json"
    ended = embulk.run(
        render.extract(
            sql=f"SELECT * FROM {source}",
            columns=COLUMNS,
            partitions={"snapshot": f"raw/t/snapshot/f/{attempt}/"},
            first_day=None,
            last_day=None,
            report_key=report_key,
            environment=environment,
        )
    )
    assert ended.exit_code == 0, ended.log
    report = parse_extract(embulk.store.get(report_key), key=report_key)
    assert [made.partition for made in report.partitions] == ["snapshot"]
    assert tuple(column.name for column in report.columns) == tuple(column.name for column in COLUMNS)
    assert_same_columns(read_back(embulk, report.partitions[0]), expected, COLUMNS)


def test_the_temporary_table_is_gone_afterwards(embulk, warehouse, environment):
    extract(embulk, fill(warehouse, environment, table(extreme_rows())))
    left = [item.table_id for item in warehouse.list_tables(environment.staging_dataset)]
    assert not [name for name in left if name.startswith("featuremart_extract_")]
