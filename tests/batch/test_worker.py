"""A request from raw manifests to feature manifests, on a lake in memory."""

from __future__ import annotations

import datetime as dt
import json
import threading
from itertools import groupby, pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.batch import worker as worker_module
from featuremart.catalog.model import Check, Lookup, TableRules
from featuremart.errors import TransientError, WorkFailed
from featuremart.lake.store import ObjectMissing, sha256_hex

DAYS = [f"2013-01-{n:02}" for n in range(1, 11)]


def miles(distance):
    return distance * 1.6


def visibility(weather__visib):
    return weather__visib


def mean_delay(flights):
    return flights.groupby("carrier")["arr_delay"].mean()


def _label(report):
    return report["hour"].date().isoformat()


def fill(demo, lake, days=DAYS, *, rows=4, seed=0, parts=1, shuffled=False):
    """Add some flights and weather a day; the same rows whatever ``parts`` and ``shuffled``."""
    rng = np.random.default_rng(seed)
    for number, day in enumerate(days):
        flights, reports = [], []
        for n in range(rows):
            row = demo.flight(10 * number + n, f"{day} 0{n % 10}:30", carrier=["AA", "UA"][n % 2])
            row["arr_delay"] = float(rng.normal())
            row["landed_at"] = row["departure"] + dt.timedelta(hours=int(rng.integers(1, 26)))
            flights.append(row)
        # a New York evening is the next UTC day, which is the day of the weather source
        for hour in range(48 if day == days[-1] else 24):
            at = pd.Timestamp(day, tz="UTC") + pd.Timedelta(hour, "h")
            reports.append({"origin": "EWR", "hour": at, "visib": float(rng.normal()), "wind": 1})
        if shuffled:
            flights = [flights[at] for at in np.random.default_rng(9).permutation(len(flights))]
            reports.reverse()
        lake.add("flights", day, *[flights[at::parts] for at in range(parts)])
        for label, of_day in groupby(sorted(reports, key=_label), key=_label):
            lake.add("weather", label, list(of_day))
    return lake


def row_table(demo):
    return demo.table(
        "row",
        [miles, visibility],
        lookups=(Lookup("weather", ("origin",), dt.timedelta(hours=3)),),
        checks={"miles": Check(between=(0, 10_000), nulls=False)},
    )


def test_an_output_is_parquet_profile_and_manifest(demo, lake):
    fill(demo, lake)
    table = row_table(demo)
    result = lake.run(table, DAYS[2:3], [miles, visibility])
    [done] = result.done
    assert (done.partition, done.rows, done.made) == ("2013-01-03", 4, True)
    assert done.manifest == f"features/demo/table/2013-01-03/{'ab' * 8}/manifest.json"
    manifest = lake.manifest(table, "2013-01-03")
    assert [(c.name, c.type.value, c.required) for c in manifest.columns] == [
        ("partition_day", "DATE", True),
        ("flight_id", "STRING", True),
        ("departure", "TIMESTAMP", True),
        ("available_at", "TIMESTAMP", True),
        ("miles", "FLOAT64", True),
        ("visibility", "FLOAT64", False),
    ]
    assert manifest.inputs == {
        lake.inputs["flights"]["2013-01-03"]: "raw-flights-2013-01-03",
        lake.inputs["weather"]["2013-01-03"]: "raw-weather-2013-01-03",
        lake.inputs["weather"]["2013-01-04"]: "raw-weather-2013-01-04",
    }
    assert (manifest.run, manifest.attempt, manifest.revision) == ("run-1", "attempt-1", "abc")
    [item] = manifest.objects
    assert item.key == f"features/demo/table/2013-01-03/{'ab' * 8}/attempt-1/part-0.parquet"
    data = lake.store.get(item.key)
    assert (item.size, item.sha256, item.rows) == (len(data), sha256_hex(data), 4)
    parquet = pa.parquet.ParquetFile(pa.BufferReader(data))
    assert parquet.metadata.row_group(0).column(4).compression == "ZSTD"
    assert parquet.schema_arrow.field("miles").nullable is False
    assert parquet.schema_arrow.field("visibility").nullable is True
    assert str(parquet.schema_arrow.field("available_at").type) == "timestamp[us, tz=UTC]"
    profile = json.loads(lake.store.get(manifest.profile))
    assert profile["features"]["miles"]["count"] == 4


def test_one_line_a_partition(demo, lake):
    fill(demo, lake)
    lines = lake.run(row_table(demo), DAYS[:2], [miles, visibility]).lines
    # partitions are written side by side: which line comes first is not told
    assert sorted(line.partition(" rows")[0] for line in lines) == [
        "demo.table 2013-01-01: 4",
        "demo.table 2013-01-02: 4",
    ]


def test_what_is_there_is_not_made_again(demo, lake):
    fill(demo, lake)
    table = row_table(demo)
    lake.run(table, DAYS[:2], [miles, visibility])
    before = dict(lake.store.objects)

    def never(distance):
        raise AssertionError(distance)

    again = lake.run(table, DAYS[:2], [never, visibility], attempt="attempt-2")
    assert [done.made for done in again.done] == [False, False]
    assert lake.store.objects == before


def test_the_slower_of_two_workers_ends_well_with_the_others_manifest(demo, lake):
    fill(demo, lake)
    table = row_table(demo)
    raced = []

    def while_computing(distance):
        if not raced:
            raced.append(True)
            lake.run(table, DAYS[:1], [miles, visibility], attempt="faster")
        return distance * 1.6

    while_computing.__name__ = "miles"
    result = lake.run(table, DAYS[:1], [while_computing, visibility], attempt="slower")
    assert [done.made for done in result.done] == [False]
    assert lake.manifest(table, DAYS[0]).attempt == "faster"


def test_a_day_without_rows_has_an_output(demo, lake):
    lake.add("flights", DAYS[0], [])
    table = demo.table("row", [miles])
    assert [done.rows for done in lake.run(table, DAYS[:1], [miles]).done] == [0]
    assert lake.output(table, DAYS[0]).num_rows == 0


def test_a_failing_partition_stops_the_work_and_leaves_the_earlier_ones(demo, lake):
    fill(demo, lake)

    def broken(distance):
        if (distance >= 130).any():
            raise ValueError("too far")
        return distance * 1.0

    table = demo.table("row", [broken])
    worker = worker_module.Worker(
        lake.store, lake.request(table, DAYS), demo.by_name([broken]), lambda line: None
    )
    with pytest.raises(WorkFailed, match=r"2013-01-04, feature broken: it raised ValueError: too far"):
        worker.run()
    assert [done.partition for done in worker.done] == DAYS[:3]
    written = {key.split("/")[3] for key in lake.store.objects if key.startswith("features/")}
    assert written == set(DAYS[:3])


def test_a_broken_check_leaves_nothing(demo, lake):
    fill(demo, lake)
    table = demo.table("row", [miles], rules=TableRules(min_rows=5))
    with pytest.raises(WorkFailed, match="it has 4 rows, min_rows is 5"):
        lake.run(table, DAYS[:1], [miles])
    assert not [key for key in lake.store.objects if key.startswith("features/")]


def test_s3_that_fails_is_told_as_transient(demo, lake):
    fill(demo, lake)

    def refuse(key, data):
        raise TransientError(f"{key}: S3 answered SlowDown")

    lake.store.put = refuse
    with pytest.raises(TransientError, match="SlowDown"):
        lake.run(row_table(demo), DAYS[:3], [miles, visibility])


def test_a_range_reads_each_day_once_and_only_a_little_ahead(demo, lake):
    fill(demo, lake, DAYS)
    table = demo.table("window", [mean_delay])
    reads, ahead = [], []
    get = lake.store.get

    def counted(key):
        if key.startswith("raw/") and key.endswith("manifest.json"):
            reads.append(key.split("/")[2])
        return get(key)

    def watched(flights):
        current = flights["departure"].max().tz_convert("America/New_York").date()
        ahead.append(max(dt.date.fromisoformat(day) for day in reads) - current)
        return mean_delay(flights)

    lake.store.get = counted
    watched.__name__ = "mean_delay"
    lake.run(table, DAYS, [watched])
    assert sorted(reads) == DAYS
    assert max(ahead) <= dt.timedelta(days=worker_module.AHEAD)


def test_what_a_worker_holds_is_bounded(demo, lake):
    """A slow lake does not make computed partitions pile up."""
    fill(demo, lake, DAYS)
    gate, pending, most = threading.Semaphore(0), set(), []
    put = lake.store.put

    def slow(key, data):
        if key.endswith("parquet"):
            gate.acquire()
        put(key, data)

    def watched(distance):
        pending.add(distance.iloc[0])
        written = sum(key.endswith("parquet") for key in lake.store.objects)
        most.append(len(pending) - written)
        if most[-1] > worker_module.BEHIND:
            gate.release()
        return distance * 1.6

    lake.store.put = slow
    watched.__name__ = "miles"
    table = demo.table("row", [miles])
    finished = threading.Thread(target=lambda: lake.run(table, DAYS, [watched]))
    finished.start()
    while finished.is_alive():
        gate.release()
        finished.join(0.01)
    assert len(most) == len(DAYS)
    assert max(most) <= worker_module.BEHIND + 2


functions_of = {"row": [miles, visibility], "window": [mean_delay]}


def table_of(demo, kind):
    return row_table(demo) if kind == "row" else demo.table("window", [mean_delay])


@pytest.mark.parametrize("kind", ["row", "window"])
def test_neither_order_nor_layout_of_the_files_changes_a_byte(demo, kind):
    found = set()
    for parts, shuffled in ((1, False), (1, True), (3, False), (2, True)):
        lake = fill(demo, demo.Lake(), parts=parts, shuffled=shuffled)
        table = table_of(demo, kind)
        lake.run(table, DAYS, functions_of[kind])
        manifests = [lake.manifest(table, day) for day in DAYS]
        found.add(tuple((m.content_checksum, m.objects[0].sha256) for m in manifests))
    assert len(found) == 1


@settings(max_examples=15, deadline=None)
@given(
    kind=st.sampled_from(["row", "window"]),
    rows=st.integers(0, 6),
    seed=st.integers(0, 99),
    cuts=st.sets(st.integers(1, 9)),
)
def test_a_range_is_its_days(demo, kind, rows, seed, cuts):
    """However a range is cut into requests, every day's content is the same."""
    table = table_of(demo, kind)
    lakes = [fill(demo, demo.Lake(), rows=rows, seed=seed) for _ in range(2)]
    lakes[0].run(table, DAYS, functions_of[kind])
    ends = [0, *sorted(cuts), len(DAYS)]
    for first, last in pairwise(ends):
        lakes[1].run(table, DAYS[first:last], functions_of[kind])
    for day in DAYS:
        whole, cut = (lake.manifest(table, day) for lake in lakes)
        assert whole.content_checksum == cut.content_checksum
        assert whole.objects[0].sha256 == cut.objects[0].sha256


def test_a_snapshot_carries_the_instant_of_its_extraction(demo, lake):
    at = dt.datetime(2026, 4, 1, 2, tzinfo=dt.UTC)
    lake.add("planes", "snapshot", [{"tailnum": "N1", "seats": 4}], extracted_at=at)

    def seats_twice(seats):
        return seats * 2.0

    table = demo.table("snapshot", [seats_twice])
    lake.run(table, ["snapshot"], [seats_twice])
    assert lake.manifest(table, "snapshot").extracted_at == at
    assert lake.output(table, "snapshot").to_pylist() == [
        {"tailnum": "N1", "available_at": at, "seats_twice": 8.0}
    ]


class TestDamagedInput:
    """What the lake holds is not what a manifest promises: said by name, nothing written."""

    @pytest.fixture
    def table(self, demo, lake):
        lake.add(
            "flights", DAYS[0], [demo.flight(1, f"{DAYS[0]} 10:00")], [demo.flight(2, f"{DAYS[0]} 11:00")]
        )
        return demo.table("row", [miles])

    def refused(self, lake, table, message, kind=WorkFailed):
        with pytest.raises(kind, match=message) as info:
            lake.run(table, DAYS[:1], [miles])
        assert not [key for key in lake.store.objects if key.startswith("features/")]
        return str(info.value)

    def data_key(self, lake, number=1):
        return next(key for key in lake.store.objects if key.endswith(f"part-{number}.arrow"))

    def test_no_manifest(self, lake, table):
        del lake.store.objects[lake.inputs["flights"][DAYS[0]]]
        self.refused(lake, table, "does not exist", ObjectMissing)

    def test_a_day_that_the_request_does_not_name(self, lake, table):
        lake.inputs["flights"].clear()
        text = self.refused(
            lake, table, "reads source flights of 2013-01-01, which the request does not name"
        )
        assert "mart extract flights --date 2013-01-01" in text

    def test_a_missing_object(self, lake, table):
        del lake.store.objects[self.data_key(lake)]
        self.refused(lake, table, r"part-1.arrow does not exist", ObjectMissing)

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-7], lambda data: data[:-1] + b"?", lambda data: b""]
    )
    def test_other_bytes(self, lake, table, damage):
        key = self.data_key(lake)
        lake.store.objects[key] = damage(lake.store.objects[key])
        text = self.refused(lake, table, f"{key} does not hold the [0-9]+ bytes")
        assert "mart extract flights --refresh" in text

    def test_a_short_answer_is_asked_for_again(self, lake, table):
        get, answers = lake.store.get, []

        def short_once(key):
            answers.append(key)
            return get(key)[: 100 if key.endswith(".arrow") and answers.count(key) == 1 else None]

        lake.store.get = short_once
        assert [done.rows for done in lake.run(table, DAYS[:1], [miles]).done] == [2]

    def replaced(self, demo, lake, change):
        rows = change(demo.raw_rows(demo.FLIGHTS, [demo.flight(1, f"{DAYS[0]} 10:00")]))
        lake.inputs["flights"][DAYS[0]] = demo.write_raw(
            lake.store, demo.FLIGHTS, DAYS[0], [rows], fingerprint="e" * 16
        )

    def test_a_column_that_is_not_there(self, demo, lake, table):
        self.replaced(demo, lake, lambda rows: rows.drop_columns(["distance"]))
        self.refused(lake, table, "has no column distance; it has flight_id, departure")

    def test_a_column_of_another_type(self, demo, lake, table):
        self.replaced(demo, lake, lambda rows: rows.set_column(4, "distance", pa.array(["far"])))
        self.refused(lake, table, "column distance is string, declared INT64")

    def test_a_value_that_does_not_fit(self, demo, lake, table):
        self.replaced(
            demo, lake, lambda rows: rows.set_column(4, "distance", pa.array([2**64 - 1], pa.uint64()))
        )
        self.refused(lake, table, "cannot be read: Integer value 18446744073709551615 not in range")

    def test_a_narrower_type_is_read(self, demo, lake, table):
        self.replaced(demo, lake, lambda rows: rows.set_column(4, "distance", pa.array([10], pa.int16())))
        lake.run(table, DAYS[:1], [miles])
        assert lake.output(table, DAYS[0]).column("miles").to_pylist() == [16.0]

    def test_a_null_where_none_may_be(self, demo, lake, table):
        self.replaced(demo, lake, lambda rows: rows.set_column(4, "distance", pa.array([None], pa.int64())))
        self.refused(lake, table, "column distance is declared required and holds 1 NULL")

    def test_a_file_of_another_format(self, demo, lake, table):
        from unittest.mock import patch

        with patch.dict(demo.write_raw.__globals__, {"ipc_bytes": lambda rows: b"id,distance\n1,2\n"}):
            self.replaced(demo, lake, lambda rows: rows)
        self.refused(lake, table, "cannot be read")

    def test_another_number_of_rows(self, lake, table):
        key = lake.inputs["flights"][DAYS[0]]
        manifest = json.loads(lake.store.get(key))
        manifest["rows"] = 3
        lake.store.put(key, json.dumps(manifest).encode())
        self.refused(lake, table, "promises 3 rows, its objects hold 2")

    def test_a_manifest_of_another_source(self, demo, lake, table):
        lake.inputs["flights"][DAYS[0]] = lake.add("weather", DAYS[0], [])
        self.refused(lake, table, "is a manifest of raw/weather, not of raw/flights")
