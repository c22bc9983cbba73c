"""What is rendered: plain YAML that says what was asked for, and the same for the same arguments."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from featuremart.config.settings import Endpoints, Environment
from featuremart.lake.columns import Column, ColumnType
from featuremart.lake.manifest import DataObject
from featuremart.transfer import render

PRODUCTION = Environment(
    name="Production EU",
    bucket="lake",
    cluster="mart",
    aws_region="eu-west-1",
    gcp_project="project",
    gcp_location="EU",
    warehouse_dataset="warehouse",
    mart_dataset="mart",
    staging_dataset="mart_staging",
    max_bytes_billed=10,
)
COLUMNS = (Column("tailnum", ColumnType.STRING, required=True), Column("distance", ColumnType.INT64))
DAYS = {"2013-01-01": "raw/flights/2013-01-01/f/a/", "2013-01-02": "raw/flights/2013-01-02/f/a/"}


def extract(**changed):
    arguments = {
        "sql": "SELECT tailnum, distance, DATE(t) AS partition_day FROM warehouse.flights",
        "columns": COLUMNS,
        "partitions": DAYS,
        "first_day": dt.date(2013, 1, 1),
        "last_day": dt.date(2013, 1, 2),
        "report_key": "runs/r/extract-flights/a/report.json",
        "environment": PRODUCTION,
    }
    return render.extract(**(arguments | changed))


def snapshot(**changed):
    place = {"snapshot": "raw/planes/snapshot/f/a/"}
    return extract(partitions=place, first_day=None, last_day=None, **changed)


def load(**changed):
    item = DataObject(key="features/m/t/2013-01-01/f/a/part-0.parquet", size=10, sha256="0" * 64, rows=3)
    arguments = {
        "objects": [("2013-01-01", item)],
        "columns": COLUMNS,
        "staging_table": "m__t__0123456789ab",
        "expires_hours": 72,
        "report_key": "runs/r/load-t/a/report.json",
        "environment": PRODUCTION,
    }
    return render.load(**(arguments | changed))


def parse(text):
    return YAML(typ="safe").load(text)


def test_an_extraction_reads_as_a_person_would_write_it():
    assert (
        extract()
        == """\
exec:
  max_threads: 4
  min_output_tasks: 1
in:
  type: bigquery
  project: project
  location: EU
  job: featuremart_extract_13054f700e89dc10b6a7493e
  labels:
    featuremart_step: extract
    featuremart_environment: production_eu
  max_bytes_billed: 10
  max_streams: 4
  temporary_dataset: mart_staging
  expires_hours: 6
  cluster_by: partition_day
  parameters:
    first_day: '2013-01-01'
    last_day: '2013-01-02'
  query: |
    SELECT
      `tailnum`,
      `distance`,
      `partition_day`
    FROM (
    SELECT tailnum, distance, DATE(t) AS partition_day FROM warehouse.flights
    )
    WHERE `partition_day` BETWEEN @first_day AND @last_day
  columns: &columns
    - {name: tailnum, type: STRING, required: true}
    - {name: distance, type: INT64, required: false}
    - {name: partition_day, type: DATE, required: true}
out:
  type: s3
  bucket: lake
  partition_column: partition_day
  partitions:
    '2013-01-01': raw/flights/2013-01-01/f/a/
    '2013-01-02': raw/flights/2013-01-02/f/a/
  columns: *columns
report: s3://lake/runs/r/extract-flights/a/report.json
"""
    )


def test_a_snapshot_has_no_days():
    document = parse(snapshot())
    assert "parameters" not in document["in"]
    assert "cluster_by" not in document["in"]
    assert "partition_column" not in document["out"]
    assert "WHERE" not in document["in"]["query"]
    assert [column["name"] for column in document["in"]["columns"]] == ["tailnum", "distance"]


def test_a_load_names_exactly_its_objects_and_its_table():
    document = parse(load())
    assert document["in"] == {
        "type": "s3",
        "bucket": "lake",
        "objects": [
            {
                "partition": "2013-01-01",
                "key": "features/m/t/2013-01-01/f/a/part-0.parquet",
                "size": 10,
                "sha256": "0" * 64,
                "rows": 3,
            }
        ],
        "columns": document["out"]["columns"],
    }
    assert (document["out"]["dataset"], document["out"]["table"]) == ("mart_staging", "m__t__0123456789ab")
    assert document["report"] == "s3://lake/runs/r/load-t/a/report.json"


@pytest.mark.parametrize("rendered", [extract, snapshot, load])
def test_the_same_arguments_give_the_same_text(rendered):
    assert rendered() == rendered()


@pytest.mark.parametrize("rendered", [extract, load])
def test_every_attempt_has_jobs_of_its_own(rendered):
    def job(text):
        document = parse(text)
        return document["in"].get("job") or document["out"]["job"]

    assert job(rendered()) == job(rendered())
    assert job(rendered()) != job(rendered(report_key="runs/r/t/other/report.json"))


@pytest.mark.parametrize(("rendered", "side"), [(extract, "in"), (load, "out")])
def test_addresses_stand_there_only_where_the_environment_has_servers_of_its_own(rendered, side):
    assert not {"endpoint", "storage_endpoint"} & set(parse(rendered())[side])
    endpoints = Endpoints(
        aws="http://127.0.0.1:1", bigquery="http://127.0.0.1:2", bigquery_storage="127.0.0.1:3"
    )
    local = PRODUCTION.model_copy(update={"endpoints": endpoints})
    document = parse(rendered(environment=local))
    assert document[side]["endpoint"] == "http://127.0.0.1:2"
    assert document[side]["storage_endpoint"] == "127.0.0.1:3"
    assert "127.0.0.1:1" not in rendered(environment=local)


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t"), min_size=1)
)
def test_any_query_stands_in_the_yaml_as_it_was_written(sql):
    query = parse(snapshot(sql=sql))["in"]["query"]
    assert query == f"SELECT\n  `tailnum`,\n  `distance`\nFROM (\n{sql.strip().removesuffix(';')}\n)\n"


def test_a_comment_at_the_end_of_a_query_hides_nothing():
    query = parse(extract(sql="SELECT 1 AS partition_day -- one"))["in"]["query"]
    assert query.splitlines()[-3:] == [
        "SELECT 1 AS partition_day -- one",
        ")",
        "WHERE `partition_day` BETWEEN @first_day AND @last_day",
    ]
