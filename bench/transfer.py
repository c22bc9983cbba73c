"""Formats that raw files could have, on the year's flights, within Embulk: ``python -m bench.transfer``.

One process of Embulk a run, the way a task runs it: query, Storage Read, pages, files. Arrow is written by the plugin
that production uses, with checksums and upload, once into one file and once by day; Parquet by the writer that loads
use, CSV by Embulk's own plugins, both into one local file and without checksums. The times are medians.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from featuremart.catalog import load
from featuremart.config import clients
from featuremart.config.settings import load_settings
from featuremart.lake.store import ObjectStore
from featuremart.local import servers
from featuremart.local.demo import fill
from featuremart.transfer import render

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from featuremart.config.settings import Environment

ROOT = Path(__file__).parent.parent
FIRST, LAST = dt.date(2013, 1, 1), dt.date(2013, 12, 31)
RUNS = 3
READS = 5
FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx1g")


@dataclass(frozen=True)
class Format:
    """One way to write and read the rows."""

    name: str
    target: dict[str, Any]
    files: Callable[[], list[bytes]]
    read: Callable[[bytes], pa.Table]


@dataclass(frozen=True)
class Run:
    """What one run of Embulk took: seconds of the clock and of the processor, and megabytes at the most."""

    wall: float
    processor: float
    memory: float


@dataclass(frozen=True)
class Bench:
    """Where Embulk runs, and where its files go."""

    jar: Path
    folder: Path
    environment: Environment
    store: ObjectStore

    def formats(self) -> list[Format]:
        """Return what is compared, production's way first."""
        labels = [str(FIRST + dt.timedelta(days=day)) for day in range((LAST - FIRST).days + 1)]
        by_day = {
            "partition_column": "partition_day",
            "partitions": {day: f"bench/day/{day}/" for day in labels},
        }
        last = len(load(ROOT).source("flights").columns)
        return [
            self._arrow("Arrow, zstd, a file a day", by_day, "bench/day/"),
            self._parquet("Parquet, zstd, a file a day", last),
            self._arrow("Arrow, zstd", {"partitions": {"year": "bench/year/"}}, "bench/year/"),
            self._parquet("Parquet, zstd", -1),
            self._csv(6),
            self._csv(1),
        ]

    def _arrow(self, name: str, target: dict[str, Any], prefix: str) -> Format:
        return Format(
            name,
            {"type": "s3", "bucket": self.environment.bucket, **target},
            lambda: [self.store.get(key) for key in self.store.list(prefix)],
            read_arrow,
        )

    def _parquet(self, name: str, split_by: int) -> Format:
        folder = self._folder(f"parquet{split_by}")
        target = {"type": "parquet", "folder": str(folder), "split_by": split_by}
        return Format(name, target, lambda: contents(folder), read_parquet)

    def _csv(self, level: int) -> Format:
        folder = self._folder(f"csv{level}")
        target = {
            "type": "file",
            "path_prefix": f"{folder}/flights",
            "file_ext": "csv.gz",
            "formatter": {"type": "csv", "null_string": r"\N", "quote_policy": "MINIMAL"},
            "encoders": [{"type": "gzip", "level": level}],
        }
        return Format(f"CSV, gzip level {level}", target, lambda: contents(folder), read_csv)

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def run(self, target: dict[str, Any]) -> Run:
        """Run Embulk once."""
        config = self.folder / "config.yml"
        config.write_text(json.dumps(self._document(target)))
        variables = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.environment.endpoints.aws or "",
            "AWS_REGION": self.environment.aws_region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        words = ["java", *FLAGS, "-jar", str(self.jar), str(config)]
        began = time.monotonic()
        process = subprocess.Popen(words, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"Embulk ended with {process.returncode} for {target['type']}")
        return Run(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)

    def _document(self, target: dict[str, Any]) -> dict[str, Any]:
        source = load(ROOT).source("flights")
        text = render.extract(
            sql=source.sql,
            columns=source.columns,
            partitions={"year": "-"},
            first_day=FIRST,
            last_day=LAST,
            report_key=f"bench/{time.time_ns()}.json",
            environment=self.environment,
        )
        document = YAML(typ="safe").load(text)
        columns = {} if target["type"] == "file" else {"columns": document["in"]["columns"]}
        return {"in": document["in"], "exec": document["exec"], "out": {**target, **columns}}


def contents(folder: Path) -> list[bytes]:
    """Return what the files of a folder hold."""
    return [file.read_bytes() for file in sorted(folder.iterdir())]


def read_arrow(body: bytes) -> pa.Table:
    """Read an Arrow file."""
    import pyarrow as pa

    return pa.ipc.open_file(body).read_all()


def read_parquet(body: bytes) -> pa.Table:
    """Read a Parquet file."""
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(body))


def read_csv(body: bytes) -> pa.Table:
    """Read a compressed CSV file, its types guessed: it has none."""
    import gzip

    import pyarrow.csv as pc

    options = pc.ConvertOptions(
        null_values=[r"\N"], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    return pc.read_csv(io.BytesIO(gzip.decompress(body)), convert_options=options)


def read_all(one: Format, bodies: list[bytes]) -> pa.Table:
    """Read all files of a format."""
    import pyarrow as pa

    return pa.concat_tables(one.read(body) for body in bodies)


def lost(data: pa.Table, truth: pa.Table) -> list[str]:
    """Return the columns whose type or values are not the warehouse's."""
    order = [("flight_id", "ascending")]
    data, truth = data.sort_by(order), truth.sort_by(order)
    return [name for name in truth.column_names if not _same(data.column(name), truth.column(name))]


def _same(found: pa.ChunkedArray, wanted: pa.ChunkedArray) -> bool:
    return bool(found.type == wanted.type) and found.to_pylist() == wanted.to_pylist()


def measured(run: Callable[[], Any], times: int) -> float:
    """Return the median seconds of some runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return median(taken)


def main() -> int:
    """Build, fill a warehouse, run every format, print a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "mart.toml", folder)
        line = ["mvn", "-q", "-B", "-f", str(ROOT / "embulk" / "pom.xml"), "-P", "bench", "-DskipTests"]
        subprocess.run([*line, f"-Dmart.embulk={folder / 'embulk'}", "package"], check=True)
        settings = load_settings(folder)
        environment = servers.up(settings)
        try:
            fill(environment, ROOT / ".mart" / "datasets", root=ROOT)
            store = ObjectStore(clients.s3(environment), environment.bucket)
            compare(Bench(folder / "embulk" / "bench.jar", folder, environment, store))
        finally:
            servers.down(settings)
    return 0


def compare(bench: Bench) -> None:
    """Run the formats in turn, so that a busy minute of the machine meets all of them."""
    formats = bench.formats()
    runs: dict[str, list[Run]] = {one.name: [] for one in formats}
    for _ in range(RUNS):
        for one in formats:
            runs[one.name].append(bench.run(one.target))
    truth = read_all(formats[0], formats[0].files())
    print(f"{truth.num_rows:,} rows x {truth.num_columns} columns, median of {RUNS} runs and {READS} reads")
    print(
        "| format | Embulk s | processor s | peak MB | files MB | pyarrow reads in s | columns not as they were |"
    )
    print("|---|---|---|---|---|---|---|")
    for one in formats:
        bodies = one.files()
        wall, processor, memory = (
            median(getattr(run, name) for run in runs[one.name]) for name in ("wall", "processor", "memory")
        )
        size = sum(map(len, bodies)) / 1e6
        reads = measured(partial(read_all, one, bodies), READS)
        gone = lost(read_all(one, bodies), truth)
        said = f"{len(gone)}: {', '.join(gone)}" if gone else "none"
        figures = f"{wall:.1f} | {processor:.1f} | {memory:.0f} | {size:.1f} | {reads:.2f}"
        print(f"| {one.name} | {figures} | {said} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
