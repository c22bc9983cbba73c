"""What the batch engine costs beside calling the same functions by hand: ``python -m bench.engine [DAYS]``.

Both sides compute the four daily tables of ``flight_delay`` over the year's 336,776 flights, a table and day at a
time, from the same raw Arrow files to zstd Parquet of the same schema and values, in fresh processes that
alternate, in the environment that the model's worker has (``.mart/venvs``, of ``mart images``). Times are without
imports; memory is the whole process's peak. Wall time is the figure to go by; processor time, of all threads, is
given beside it because it moves less where the machine has other things to do.

By hand, as one would write it for these tables: ``pd.read_feather`` of the columns that are needed, ``sort_values``,
``pd.merge_asof`` with the weather of the days that matter, for windows a ``deque`` of the last 28 days' frames that
is concatenated each day, late values masked, the functions in order, ``DataFrame.to_parquet``.

The engine is the worker's own loop (:class:`featuremart.batch.worker.Worker`) on a folder in place of S3. It does
what nobody does by hand, too: SHA-256 and types of every input, rows in their day, duplicates, lossless casts,
checks by pandera, content checksum, profile, manifest.

``compute`` is the part between the files: rows in memory to typed columns, without reading, checks or writing.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._flights import FolderStore, days_of_year, manifest_key, raw_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from featuremart.batch.request import BatchRequest

ROOT = Path(__file__).parent.parent
TABLES = ("timetable", "weather_at_departure", "carrier_history", "route_history")
SIDES = ("hand", "engine")
ROUNDS = 3
TARGET_TIME, TARGET_MEMORY = 1.05, 1.20


def main(arguments: list[str]) -> int:
    """Measure both sides, alternating, table by table."""
    days = int(arguments[0]) if arguments else 365
    raw = raw_folder(ROOT)
    totals: dict[str, dict[str, float]] = {side: {} for side in SIDES}
    print(
        f"{days} days, {ROUNDS} rounds, medians      by hand    engine    ratio   cpu ratio   compute   peak memory"
    )
    for table in TABLES:
        request = _write_request(table, days, raw)
        rounds: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(ROUNDS):
            for side in SIDES:
                rounds[side].append(_measure(side, request, raw))
        _compare(raw.parent / "hand", raw.parent / "engine")
        medians = {
            side: {name: statistics.median(one[name] for one in taken) for name in taken[0]}
            for side, taken in rounds.items()
        }
        for side, figures in medians.items():
            totals[side] = {name: totals[side].get(name, 0.0) + figure for name, figure in figures.items()}
        _report(table, medians)
    _report("all four", totals)
    time_ratio, memory_ratio = (totals["engine"][name] / totals["hand"][name] for name in ("seconds", "peak"))
    met = time_ratio <= TARGET_TIME and memory_ratio <= TARGET_MEMORY
    print(f"target: time <= {TARGET_TIME}, memory <= {TARGET_MEMORY}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


def _write_request(name: str, days: int, raw: Path) -> Path:
    """Write what the worker is asked, as a step would: the sides know no catalog."""
    from featuremart.batch.request import BatchRequest, PartitionWork
    from featuremart.catalog import load

    catalog = load(ROOT)
    table = catalog.tables[f"flight_delay.{name}"]
    request = BatchRequest(
        bucket="bench",
        table=table,
        sources={name: catalog.sources[name] for name in table.sources},
        inputs={
            name: {str(day): manifest_key(name, day) for day in days_of_year()} for name in table.sources
        },
        partitions=tuple(
            PartitionWork(partition=str(day), fingerprint="0" * 16) for day in days_of_year()[:days]
        ),
        run="bench",
        task="bench",
        attempt="bench",
        revision="bench",
    )
    path = raw.parent / "request.json"
    path.write_bytes(request.to_json())
    return path


def _measure(side: str, request: Path, raw: Path) -> dict[str, float]:
    out = raw.parent / side
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    python = ROOT / ".mart" / "venvs" / "flight_delay" / "bin" / "python"
    if not python.exists():
        raise SystemExit("the worker's environment is not there\n  next: mart images")
    command = [str(python), "-m", "bench.engine", "--side", side, str(request), str(raw), str(out)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _report(name: str, figures: dict[str, dict[str, float]]) -> None:
    hand, engine = figures["hand"], figures["engine"]
    ratio = {key: engine[key] / hand[key] for key in hand}
    print(
        f"{name:28} {hand['seconds']:10.2f} s {engine['seconds']:7.2f} s {ratio['seconds']:8.3f} {ratio['cpu']:11.3f} "
        f"{ratio['compute']:9.3f} {ratio['peak']:13.3f}",
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


def _side(side: str, asked: Path, raw: Path, out: Path) -> None:
    """Be one of the measured processes."""
    from featuremart.batch.__main__ import hold_little, peak_memory

    if side == "engine":
        hold_little()  # as the worker begins
    from featuremart.batch.functions import load_functions
    from featuremart.batch.request import parse_request

    request = parse_request(asked.read_bytes(), uri=str(asked))
    functions = load_functions(request.table)
    if side == "engine":
        run = _engine(request, functions, raw, out)
    else:
        from bench._by_hand import ByHand

        days = [dt.date.fromisoformat(work.partition) for work in request.partitions]
        run = partial(ByHand(request.table, functions, raw, out).run, days)
    began, cpu = time.perf_counter(), time.process_time()
    compute = run()
    figures = {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "compute": compute,
        "peak": peak_memory(),
    }
    print(json.dumps(figures))


def _silent(_: str) -> None:
    """Say nothing."""


def _engine(request: BatchRequest, functions: dict[str, Any], raw: Path, out: Path) -> Callable[[], float]:
    from featuremart.batch import worker

    spent = [0.0]

    class Timed(worker.Engine):
        """Takes the time between the files."""

        def compute(self, *arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return super().compute(*arguments, **options)
            finally:
                spent[0] += time.perf_counter() - began

    worker.Engine = Timed
    prepared = worker.Worker(FolderStore(raw, out), request, functions, _silent)

    def run() -> float:
        prepared.run()
        return spent[0]

    return run


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        _side(sys.argv[2], *(Path(argument) for argument in sys.argv[3:6]))
    else:
        sys.exit(main(sys.argv[1:]))
