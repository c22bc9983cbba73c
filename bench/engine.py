"""What the batch engine costs beside calling the same functions by hand: ``python -m bench.engine [DAYS]``.

Both sides compute the four daily tables of ``flight_delay`` over the year's 336,776 flights, a table and day at a
time, from the same raw Arrow files to zstd Parquet of the same schema and values, in fresh processes that
alternate. Times are wall times without imports; memory is the whole process's peak.

By hand, as one would write it for these tables: ``pd.read_feather`` of the columns that are needed, ``sort_values``,
``pd.merge_asof`` with the weather of the days that matter, for windows a ``deque`` of the last 28 days' frames that
is concatenated each day, late values masked, the functions in order, ``DataFrame.to_parquet``.

The engine is the worker's own loop (:class:`featuremart.batch.worker.Worker`) on a folder in place of S3. It does
what nobody does by hand, too: SHA-256 and types of every input, rows in their day, duplicates, lossless casts,
checks by pandera, content checksum, profile, manifest.

``compute`` is the part between the files: rows in memory to typed columns, without reading, checks or writing.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._flights import days_of_year, raw_folder

if TYPE_CHECKING:
    import datetime as dt

    from featuremart.catalog.model import SourceSpec, TableSpec

ROOT = Path(__file__).parent.parent
TABLES = ("timetable", "weather_at_departure", "carrier_history", "route_history")
ROUNDS = 3
TARGET_TIME, TARGET_MEMORY = 1.05, 1.20


def main(arguments: list[str]) -> int:
    """Measure both sides, alternating, table by table."""
    days = int(arguments[0]) if arguments else 365
    raw = raw_folder(ROOT)
    totals: dict[str, dict[str, float]] = {"hand": {}, "engine": {}}
    print(f"{days} days, {ROUNDS} rounds, medians          hand    engine   ratio   compute   peak memory")
    for table in TABLES:
        rounds = {side: [] for side in totals}
        for _ in range(ROUNDS):
            for side in totals:
                rounds[side].append(_measure(side, table, days, raw))
        _compare(raw.parent / "hand", raw.parent / "engine")
        hand, engine = (
            {name: statistics.median(one[name] for one in rounds[side]) for name in rounds[side][0]} for side in totals
        )
        for side, figures in (("hand", hand), ("engine", engine)):
            for name, figure in figures.items():
                totals[side][name] = totals[side].get(name, 0.0) + figure
        _report(table, hand, engine)
    _report("all four", totals["hand"], totals["engine"])
    ratio = totals["engine"]["seconds"] / totals["hand"]["seconds"]
    memory = totals["engine"]["peak"] / totals["hand"]["peak"]
    met = ratio <= TARGET_TIME and memory <= TARGET_MEMORY
    print(f"target: time <= {TARGET_TIME}, memory <= {TARGET_MEMORY}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _measure(side: str, table: str, days: int, raw: Path) -> dict[str, float]:
    out = raw.parent / side
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    command = [sys.executable, "-m", "bench.engine", "--side", side, table, str(days), str(raw), str(out)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _report(name: str, hand: dict[str, float], engine: dict[str, float]) -> None:
    ratio = {key: engine[key] / hand[key] for key in hand}
    print(
        f"{name:28} {hand['seconds']:10.2f} s {engine['seconds']:7.2f} s {ratio['seconds']:6.3f} "
        f"{ratio['compute']:8.3f} {ratio['peak']:8.3f}   (processor time {ratio['cpu']:.3f})",
        flush=True,
    )


def _compare(hand: Path, engine: Path) -> None:
    """Make sure that both sides made the same: a benchmark of different work says nothing."""
    import pyarrow.parquet as pq

    for path in sorted(hand.iterdir()):
        [other] = engine.glob(f"features/*/*/{path.stem}/*/*/*.parquet")
        theirs, ours = pq.read_table(path), pq.read_table(other)
        if not theirs.replace_schema_metadata().equals(ours.replace_schema_metadata()):
            raise SystemExit(f"{path} and {other} differ")


def _side(side: str, name: str, days: int, raw: Path, out: Path) -> None:
    """Be one of the measured processes."""
    from featuremart.batch.functions import load_functions
    from featuremart.catalog import load

    catalog = load(ROOT)
    table = catalog.tables[f"flight_delay.{name}"]
    functions = load_functions(table)
    run = _run_by_hand if side == "hand" else _run_engine
    prepared = run(table, catalog.sources, functions, days_of_year()[:days], raw, out)
    began, cpu = time.perf_counter(), time.process_time()
    compute = prepared()
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "compute": compute,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(json.dumps(figures))


def _run_engine(
    table: TableSpec, sources: dict[str, SourceSpec], functions: dict[str, Any], days: list[dt.date], raw: Path, out: Path
) -> Any:
    from bench._flights import FolderStore, manifest_key
    from featuremart.batch.engine import Engine
    from featuremart.batch.request import BatchRequest, PartitionWork
    from featuremart.batch.worker import Worker

    spent = [0.0]

    class Timed(Engine):
        def compute(self, *arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return super().compute(*arguments, **options)
            finally:
                spent[0] += time.perf_counter() - began

    request = BatchRequest(
        bucket="bench",
        table=table,
        sources={name: sources[name] for name in table.sources},
        inputs={name: {str(day): manifest_key(name, day) for day in days_of_year()} for name in table.sources},
        partitions=tuple(PartitionWork(partition=str(day), fingerprint="0" * 16) for day in days),
        run="bench",
        task="bench",
        attempt="bench",
        revision="bench",
    )
    worker = Worker(FolderStore(raw, out), request, functions, lambda line: None)
    worker._engine = Timed(table, sources, functions)  # noqa: SLF001 - only to take its time

    def run() -> float:
        worker.run()
        return spent[0]

    return run


def _run_by_hand(
    table: TableSpec, sources: dict[str, SourceSpec], functions: dict[str, Any], days: list[dt.date], raw: Path, out: Path
) -> Any:
    import numpy as np  # noqa: F401 - imported before the clock starts, as the functions need it
    import pandas as pd
    import pyarrow.feather  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from featuremart.batch.dtypes import arrow_schema
    from featuremart.catalog.graph import feature_order

    schema = arrow_schema(table.output_columns)
    order = [(feature, functions[feature.name]) for feature in feature_order(table.computed)]

    def save(frame: pd.DataFrame, day: dt.date) -> None:
        frame.insert(0, "partition_day", day)
        frame[schema.names].to_parquet(out / f"{day}.parquet", compression="zstd", index=False, schema=schema)

    def read(source: str, day: dt.date, columns: list[str] | None = None) -> pd.DataFrame:
        return pd.read_feather(raw / source / f"{day}.arrow", columns=columns)

    taken = {p.name: p for feature, _ in order for p in feature.parameters}
    columns = list(dict.fromkeys(["flight_id", "scheduled_departure", "origin", *(p.column for p in taken.values() if p.kind == "column")]))
    looked_up = list(dict.fromkeys(["reported_at", "origin", *(p.column for p in taken.values() if p.kind == "lookup")]))

    def rows() -> float:
        spent = 0.0
        for day in days:
            flights = read("flights", day, columns)
            weather = None
            if table.lookups:
                before = [read("weather", each, looked_up) for each in (day - pd.Timedelta(days=1), day) if each.year == 2013]
                weather = pd.concat(before)
            began = time.perf_counter()
            flights = flights.sort_values(["scheduled_departure", "flight_id"], ignore_index=True)
            if weather is not None:
                flights = pd.merge_asof(
                    flights,
                    weather.sort_values("reported_at").add_prefix("weather__"),
                    left_on="scheduled_departure",
                    right_on="weather__reported_at",
                    left_by="origin",
                    right_by="weather__origin",
                    tolerance=pd.Timedelta(hours=3),
                )
            results: dict[str, Any] = {}
            for feature, function in order:
                results[feature.name] = function(
                    *(results[p.name] if p.kind == "feature" else flights[p.name] for p in feature.parameters)
                )
            frame = flights[["flight_id", "scheduled_departure"]].assign(
                available_at=flights["scheduled_departure"], **results
            )
            spent += time.perf_counter() - began
            save(frame, day)
        return spent

    def windows() -> float:
        keys = list(table.keys)
        recent: deque[pd.DataFrame] = deque(maxlen=table.window_days)
        spent = 0.0
        for day in days:
            recent.append(read("flights", day).sort_values(["scheduled_departure", *keys, "flight_id"]))
            began = time.perf_counter()
            end = (pd.Timestamp(day) + pd.Timedelta(days=1)).tz_localize("America/New_York").tz_convert("UTC")
            flights = pd.concat(recent, ignore_index=True)
            departed, landed, settled = (flights[name] < end for name in ("departed_at", "landed_at", "settled_at"))
            late = {
                **dict.fromkeys(["departed_at", "tailnum", "dep_delay"], departed),
                **dict.fromkeys(["landed_at", "arr_delay", "air_time"], landed),
                **dict.fromkeys(["settled_at", "cancelled"], settled),
            }
            flights = flights.assign(**{name: flights[name].where(known) for name, known in late.items()})
            results: dict[str, Any] = {}
            for feature, function in order:
                results[feature.name] = function(
                    *(results[p.name] if p.kind == "feature" else flights for p in feature.parameters)
                )
            rows = flights[keys].drop_duplicates().sort_values(keys)
            frame = rows.join(pd.DataFrame(results), on=keys).assign(available_at=end)
            spent += time.perf_counter() - began
            save(frame, day)
        return spent

    return windows if table.window_days else rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        _side(sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5]), Path(sys.argv[6]))
    else:
        sys.exit(main(sys.argv[1:]))
