"""A small lake, and tables of a few lines declared by hand: the engine knows specifications, not the catalog."""

from __future__ import annotations

import datetime as dt
import inspect
from dataclasses import dataclass, field
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pytest

from featuremart.batch.dtypes import ARROW
from featuremart.batch.engine import Engine
from featuremart.batch.inputs import days_read
from featuremart.batch.request import BatchRequest, PartitionWork
from featuremart.batch.worker import Worker
from featuremart.catalog.model import (
    Check,
    Docstring,
    FeatureSpec,
    Known,
    Parameter,
    ParameterKind,
    SourceColumn,
    SourceSpec,
    TableKind,
    TableRules,
    TableSpec,
)
from featuremart.errors import Where
from featuremart.lake import keys as lake_keys
from featuremart.lake.columns import Column, ColumnType
from featuremart.lake.days import parse_partition
from featuremart.lake.manifest import DataObject, Manifest, ManifestColumn
from featuremart.lake.store import ObjectMissing, sha256_hex

ZONE = "America/New_York"
FIRST_DAY = dt.date(2013, 1, 1)


def _column(name, type_, *, required=False, known=None):
    return SourceColumn(name, ColumnType(type_), required=required, about=name, known=known or Known())


FLIGHTS = SourceSpec(
    name="flights",
    where=Where("embulk/sources/flights.sql", 1),
    what="Flights.",
    owner="flights@example.com",
    sql="SELECT 1",
    columns=(
        _column("flight_id", "STRING", required=True),
        _column("departure", "TIMESTAMP", required=True),
        _column("carrier", "STRING", required=True),
        _column("origin", "STRING"),
        _column("distance", "INT64", required=True),
        _column("seats", "INT64"),
        _column("landed_at", "TIMESTAMP"),
        _column("arr_delay", "FLOAT64", known=Known(at="landed_at")),
        _column("bags", "INT64", required=True, known=Known(delay=dt.timedelta(hours=2))),
    ),
    event_time="departure",
    timezone=ZONE,
    first_day=FIRST_DAY,
)
WEATHER = SourceSpec(
    name="weather",
    where=Where("embulk/sources/weather.sql", 1),
    what="Weather.",
    owner="flights@example.com",
    sql="SELECT 1",
    columns=(
        _column("origin", "STRING", required=True),
        _column("hour", "TIMESTAMP", required=True),
        _column("visib", "FLOAT64"),
        _column("wind", "INT64", required=True, known=Known(delay=dt.timedelta(minutes=20))),
        _column("published_at", "TIMESTAMP"),
        _column("temp", "FLOAT64", known=Known(at="published_at")),
    ),
    event_time="hour",
    timezone="UTC",
    first_day=FIRST_DAY,
    min_rows=0,
)
PLANES = SourceSpec(
    name="planes",
    where=Where("embulk/sources/planes.sql", 1),
    what="Planes.",
    owner="flights@example.com",
    sql="SELECT 1",
    columns=(
        _column("tailnum", "STRING"),
        _column("year", "INT64"),
        _column("seats", "INT64", required=True),
    ),
)
SOURCES = {spec.name: spec for spec in (FLIGHTS, WEATHER, PLANES)}
KINDS = {
    "row": {"source": "flights", "keys": ("flight_id",), "event_time": "departure"},
    "window": {"source": "flights", "keys": ("carrier",), "window_days": 3},
    "snapshot": {"source": "planes", "keys": ("tailnum",)},
}


def make_table(kind, functions, *, types=None, checks=None, rejected=(), sources=None, **changes):
    """Declare a table of some functions: their parameters are looked up as the catalog would."""
    sources = sources or SOURCES
    declared = {**KINDS[kind], **changes}
    source = sources[declared["source"]]
    names = {function.__name__ for function in functions}
    line = {function.__name__: function.__code__.co_firstlineno for function in functions}
    features = tuple(
        FeatureSpec(
            name=function.__name__,
            where=Where("features/demo/table.py", line[function.__name__]),
            type=ColumnType((types or {}).get(function.__name__, "FLOAT64")),
            parameters=tuple(
                _parameter(name, names, source, sources) for name in inspect.signature(function).parameters
            ),
            doc=Docstring("A feature."),
            check=(checks or {}).get(function.__name__, Check()),
            rejected="no gain" if function.__name__ in rejected else None,
        )
        for function in functions
    )
    return TableSpec(
        model="demo",
        name="table",
        where=Where("features/demo/table.py", 1),
        module="features.demo.table",
        kind=TableKind(kind),
        key_columns=tuple(Column(key, source.column(key).type, required=True) for key in declared["keys"]),
        features=features,
        doc=Docstring("A table."),
        owner="demo@example.com",
        rules=declared.pop("rules", TableRules(rows_match_source=kind == "row")),
        **declared,
    )


def _parameter(name, features, source, sources):
    if name in features:
        return Parameter(name, ParameterKind.FEATURE)
    if name in sources:
        return Parameter(name, ParameterKind.SOURCE, source=name)
    if "__" in name:
        other, _, column = name.partition("__")
        return Parameter(name, ParameterKind.LOOKUP, source=other, column=column)
    return Parameter(name, ParameterKind.COLUMN, source=source.name, column=name)


def raw_rows(source, rows):
    """Turn rows (dicts; what is left out is NULL) into the typed batch that an extraction writes."""
    return pa.record_batch(
        [pa.array([row.get(c.name) for row in rows], ARROW[c.type]) for c in source.columns],
        names=[c.name for c in source.columns],
    )


class MemoryStore:
    """The lake in a dictionary, with S3's meaning of each call."""

    def __init__(self):
        self.objects = {}

    def get(self, key):
        if key not in self.objects:
            raise ObjectMissing(f"s3://test/{key} does not exist")
        return self.objects[key]

    def find(self, key):
        return self.objects.get(key)

    def put(self, key, data):
        self.objects[key] = data

    def put_new(self, key, data):
        return self.objects.setdefault(key, data) is data


def ipc_bytes(rows):
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, rows.schema, options=options) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue())


def write_raw(store, source, label, batches, *, fingerprint="f" * 16, extracted_at=None, attempt="a1"):
    """Write a raw partition as an extraction does, each batch an object; return its manifest's key."""
    place = lake_keys.raw(source.name, parse_partition(label), fingerprint)
    objects = []
    for number, rows in enumerate(batches):
        data = ipc_bytes(rows)
        key = f"{place.data_prefix(attempt)}part-{number}.arrow"
        store.put(key, data)
        objects.append(DataObject(key=key, size=len(data), sha256=sha256_hex(data), rows=rows.num_rows))
    manifest = Manifest(
        layer="raw",
        name=source.name,
        partition=label,
        fingerprint=fingerprint,
        columns=tuple(ManifestColumn(name=c.name, type=c.type, required=c.required) for c in source.columns),
        rows=sum(item.rows for item in objects),
        objects=tuple(objects),
        content_checksum=f"raw-{source.name}-{label}",
        run="r",
        attempt=attempt,
        revision="abc",
        created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        extracted_at=extracted_at or dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC),
    )
    store.put(place.manifest, manifest.to_json())
    return place.manifest


@dataclass
class Lake:
    """A store with raw partitions, and requests on it."""

    store: object = field(default_factory=MemoryStore)
    sources: dict = field(default_factory=lambda: SOURCES)
    inputs: dict = field(default_factory=dict)

    def add(self, source, label, *batches, **options):
        spec = self.sources[source]
        typed = [rows if isinstance(rows, pa.RecordBatch) else raw_rows(spec, rows) for rows in batches]
        key = write_raw(self.store, spec, label, typed, **options)
        self.inputs.setdefault(source, {})[label] = key
        return key

    def request(self, table, labels, **changes):
        return BatchRequest(
            **{
                "bucket": "test",
                "table": table,
                "sources": {name: self.sources[name] for name in table.sources},
                "inputs": {name: self.inputs.get(name, {}) for name in table.sources},
                "partitions": tuple(PartitionWork(partition=label, fingerprint="ab" * 8) for label in labels),
                "run": "run-1",
                "task": "+transform",
                "attempt": "attempt-1",
                "revision": "abc",
                **changes,
            }
        )

    def run(self, table, labels, functions, **changes):
        """Run the worker in this process; returns what it did and its log lines."""
        lines = []
        worker = Worker(self.store, self.request(table, labels, **changes), by_name(functions), lines.append)
        worker.run()
        return SimpleNamespace(done=worker.done, lines=lines)

    def manifest(self, table, label, fingerprint="ab" * 8):
        key = lake_keys.features(table.model, table.name, parse_partition(label), fingerprint).manifest
        return Manifest.from_json(self.store.get(key), key=key)

    def output(self, table, label):
        """Read one output as a plain frame."""
        [item] = self.manifest(table, label).objects
        return pa.parquet.read_table(pa.BufferReader(self.store.get(item.key)))


def by_name(functions):
    return {function.__name__: function for function in functions}


def compute(table, functions, partition, rows, *, sources=None, **options):
    """Run the engine alone on raw rows: ``{source: {label: rows}}``."""
    sources = sources or SOURCES
    engine = Engine(table, sources, by_name(functions))
    day = parse_partition(partition)
    prepared = {}
    for source, days in days_read(table, sources, day).items():
        columns = [column.name for column in engine.columns(source)]
        prepared[source] = []
        for each in days:
            label = partition if each is None else each.isoformat()
            batch = rows.get(source, {}).get(label, [])
            batch = batch if isinstance(batch, pa.RecordBatch) else raw_rows(sources[source], batch)
            prepared[source].append(engine.prepare(source, each, batch.select(columns)))
    return engine.compute(day, prepared, **options)


def local(text, zone=ZONE):
    """Return an instant that is written in a source's own time zone."""
    return pd.Timestamp(text, tz=zone).tz_convert("UTC").to_pydatetime()


def flight(number, departure, **values):
    return {
        "flight_id": f"F{number}",
        "departure": local(departure),
        "carrier": "UA",
        "origin": "EWR",
        "distance": 100 + number,
        "bags": number,
        **values,
    }


class Demo(SimpleNamespace):
    """Short when Hypothesis prints it."""

    def __repr__(self):
        return "demo"


@pytest.fixture(scope="session")
def demo():
    """Everything above under one name, for tests."""
    return Demo(
        FLIGHTS=FLIGHTS,
        WEATHER=WEATHER,
        PLANES=PLANES,
        SOURCES=SOURCES,
        table=make_table,
        compute=compute,
        flight=flight,
        local=local,
        raw_rows=raw_rows,
        write_raw=write_raw,
        ipc_bytes=ipc_bytes,
        by_name=by_name,
        Lake=Lake,
        MemoryStore=MemoryStore,
    )


@pytest.fixture
def lake():
    return Lake()
