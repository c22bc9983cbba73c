"""How long the catalog of 200 tables with 25 features each takes to load: ``python -m bench.catalog [--json]``.

Beside it, the floor: a Python that only parses the same files. Nothing is cached between rounds; every round is a
process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODELS, TABLES, FEATURES, SOURCES = 20, 10, 25, 10
ROUNDS = 7
TARGET_SECONDS = 1.0

_PEAK = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
_NOTHING = f"pass\n{_PEAK}"
_PARSE = f"""
import ast, pathlib, sys
for path in pathlib.Path(sys.argv[1], "features").glob("*/*.py"):
    ast.parse(path.read_bytes())
{_PEAK}
"""
_LOAD = f"""
import pathlib, sys
from featuremart.catalog import load
catalog = load(pathlib.Path(sys.argv[1]))
assert sum(len(table.features) for table in catalog.tables.values()) == {MODELS * TABLES * FEATURES}
{_PEAK}
"""
PROGRAMS = {"python start": _NOTHING, "ast.parse of the files": _PARSE, "catalog.load": _LOAD}

_SOURCE = """/*
what: Events of kind {number}, one row each.
owner: events@example.com
event_time: happened_at
timezone: America/New_York
first_day: 2013-01-01
columns:
  event_id: {{type: STRING, required: true, about: number and day}}
  happened_at: {{type: TIMESTAMP, required: true, about: when}}
{columns}
*/
SELECT event_id, happened_at, {names}, DATE(happened_at, 'America/New_York') AS partition_day
FROM warehouse.events_{number}
WHERE happened_at >= TIMESTAMP(@first_day, 'America/New_York')
"""
_TABLE = '''"""What events of one kind tell, table {number} of its model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from featuremart import FeatureTable, check

table = FeatureTable(source="events_{source}", keys=["event_id"], event_time="happened_at")

# Above this many minutes an event is late.
_LATE = {number}.5
_LIMITS = {{"EWR": 30, "JFK": 45, "LGA": 60}}


def _scaled(values: pd.Series, factor: float) -> pd.Series:
    """Stretch values to a factor."""
    return (values - _LATE) * factor
'''
_FEATURE = '''

@check(between=(0, {limit}), nulls=False)
def feature_{number}(column_{first}: pd.Series, {second}: pd.Series) -> pd.Series[float]:
    """Minutes beyond the plan, by the rule number {number} of the department.

    Why:
        Delays pile up over the day: one late aircraft delays its next legs, and a crew that has flown too long
        has to be replaced, which rule {number} tells before it happens.
    Tendency:
        Mean arrival delay rises from -4 min at 05:00 to +{number} min at 20:00.
    """
    late = np.where(column_{first} > _LATE, column_{first} - {number}, 0.0)
    return _scaled({second}, {number}.25) * late + column_{first} // 100 * 60 + _LIMITS["EWR"]
'''


def write_repository(root: Path) -> None:
    """Write a repository of the measured size."""
    (root / "embulk" / "sources").mkdir(parents=True)
    for number in range(SOURCES):
        names = [f"column_{column}" for column in range(20)]
        columns = "\n".join(f"  {name}: {{type: FLOAT64, about: measurement {name}}}" for name in names)
        text = _SOURCE.format(number=number, columns=columns, names=", ".join(names))
        (root / f"embulk/sources/events_{number}.sql").write_text(text, encoding="utf-8")
    for model in range(MODELS):
        folder = root / "features" / f"model_{model}"
        folder.mkdir(parents=True)
        declaration = 'model = Model(owner="team@example.com", predicts="minutes late")\n'
        (folder / "__init__.py").write_text(
            f'"""Model {model}."""\n\nfrom featuremart import Model\n\n{declaration}', encoding="utf-8"
        )
        for number in range(TABLES):
            text = _TABLE.format(number=number, source=(model + number) % SOURCES)
            for feature in range(FEATURES):
                second = f"feature_{feature - 5}" if feature >= 5 else f"column_{feature + 10}"
                text += _FEATURE.format(number=feature, first=feature % 10, second=second, limit=1000 + model)
            (folder / f"table_{number}.py").write_text(text, encoding="utf-8")


def measure(root: Path) -> dict[str, dict[str, float]]:
    """Run every program in turn, each round in fresh processes.

    Returns
    -------
    dict
        Program -> the seconds of its best round and of its median one, and the most MiB that it took. The best
        round says what the program costs: whatever else runs on the machine only adds to it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    peaks: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            began = time.perf_counter()
            ended = subprocess.run(
                [sys.executable, "-c", program, str(root)], capture_output=True, check=True
            )
            seconds[name].append(time.perf_counter() - began)
            peaks[name].append(int(ended.stdout) / 1024)
    return {
        name: {
            "best": min(seconds[name]),
            "median": statistics.median(seconds[name]),
            "peak_mib": max(peaks[name]),
        }
        for name in PROGRAMS
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    as_json = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        write_repository(Path(folder))
        found = measure(Path(folder))
    floor = found["ast.parse of the files"]
    for values in found.values():
        values["times_the_floor"] = values["best"] / floor["best"]
        values["memory_times_the_floor"] = values["peak_mib"] / floor["peak_mib"]
    met = found["catalog.load"]["best"] < TARGET_SECONDS
    if as_json:
        size = {"tables": MODELS * TABLES, "features": MODELS * TABLES * FEATURES}
        print(json.dumps({**size, "target_seconds": TARGET_SECONDS, "met": met, "programs": found}, indent=1))
        return 0
    print(
        f"{MODELS * TABLES} tables, {MODELS * TABLES * FEATURES} features; {ROUNDS} rounds in fresh processes"
    )
    for name, values in found.items():
        print(
            f"{name:24} best {values['best'] * 1000:6.0f} ms, median {values['median'] * 1000:6.0f} ms,"
            f" {values['times_the_floor']:5.2f} x the floor; peak {values['peak_mib']:4.0f} MiB,"
            f" {values['memory_times_the_floor']:5.2f} x"
        )
    print(f"target: under {TARGET_SECONDS:.0f} s: {'met' if met else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
