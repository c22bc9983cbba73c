"""Every statement that the mart sends is GoogleSQL, not only what the emulator takes for it.

The statements are overheard while they run on the emulator, then judged by the real GoogleSQL analyser on the
tables that they ran on.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
from zetasql.wasi._pb2.zetasql.proto import options_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as kinds

from featuremart.catalog.analyser import Analyser, _scalar
from featuremart.catalog.warehouse import WarehouseColumn
from featuremart.lake.columns import ColumnType
from featuremart.lake.days import DayRange
from featuremart.mart import metadata, migrate, records, state
from featuremart.mart import publish as publishing
from featuremart.mart.transport import Transport

pytestmark = pytest.mark.slow

D1, D3 = dt.date(2013, 1, 1), dt.date(2013, 1, 3)
STATEMENTS = ("QUERY", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "CREATE_VIEW", "ALTER_TABLE")


@pytest.fixture
def overheard(monkeypatch):
    """Return a list that holds every statement sent: its text, and its parameters by name and type."""
    heard = []
    call, run_once = Transport.call, publishing.run_once

    def call_and_note(self, method, path, *, body=None, **options):
        if path == "queries":
            parameters = {item["name"]: item["parameterType"] for item in body.get("queryParameters", ())}
            heard.append((body["query"], parameters))
        return call(self, method, path, body=body, **options)

    def run_and_note(client, text, **options):
        heard.extend((statement, {}) for statement in text.split(";\n") if statement)
        return run_once(client, text, **options)

    monkeypatch.setattr(Transport, "call", call_and_note)
    monkeypatch.setattr(publishing, "run_once", run_and_note)
    return heard


def judge(mart, statements, cache):
    """Return what the analyser says of each statement that it refuses."""
    schemas = {}
    for dataset in (mart.environment.mart_dataset, mart.environment.staging_dataset):
        for name in mart.rest.tables(dataset):
            columns = [
                WarehouseColumn(name=item.name, type=item.type, mode=item.mode)
                for item in mart.rest.table(dataset, name).columns
            ]
            schemas[f"{mart.environment.gcp_project}.{dataset}.{name}"] = tuple(columns)
    analyser = Analyser(schemas, folder=cache)
    language = analyser._service.language
    language.supported_statement_kinds.extend(
        kinds.ResolvedNodeKind.Value(f"RESOLVED_{name}_STMT") for name in STATEMENTS
    )
    # not among the features that the analyser counts as released, and in BigQuery since 2021
    language.enabled_language_features.append(public.FEATURE_ALTER_COLUMN_SET_DATA_TYPE)
    refused = []
    for text, parameters in statements:
        options = options_pb2.AnalyzerOptionsProto(language_options=language, default_timezone="UTC")
        for name, kind in parameters.items():
            made = options.query_parameters.add(name=name).type
            if kind["type"] == "ARRAY":
                made.type_kind = 16
                made.array_type.element_type.CopyFrom(_scalar(kind["arrayType"]["type"]))
            else:
                made.CopyFrom(_scalar(kind["type"]))
        request = messages.AnalyzeRequest(
            options=options, sql_statement=text, registered_catalog_id=analyser._catalog_number()
        )
        try:
            analyser._service.ask("Analyze", request, messages.AnalyzeResponse.FromString)
        except Exception as error:  # noqa: BLE001 - all of them, to see all that is wrong at once
            refused.append(f"{error}\n    {text}")
    return refused


def test_what_publishing_sends(mart, timetable, aircraft, flights, overheard, analyser_cache):
    table = timetable()
    profile = json.dumps(
        {"features": {"minute": {"count": 1, "nulls": 0, "distinct": 1, "mean": 60.5}}}
    ).encode()
    staged = [mart.staged(table, day, flights(day, 60), f"f{day}") for day in (D1, D3)]
    plane = {"tailnum": "a", "available_at": "2013-01-01T00:00:00Z", "seats": 1}
    snapshot = mart.staged(aircraft(), None, [plane], "f2")

    mart.publish(table, *(replace(one, profile=profile) for one in staged))
    mart.publish(aircraft(), snapshot)
    state.table_states(mart.rest)
    state.published(mart.rest, [table.name], DayRange(D1, D3))
    row = records.TaskRun(
        "r", "t", "a", "v", "done", *[dt.datetime.now(dt.UTC)] * 2, partitions=("2013-01-01",)
    )
    records.append_run(mart.rest, row)
    state.newest_profile(mart.rest, table.name, "minute")

    assert len(overheard) > 30
    assert judge(mart, overheard, analyser_cache) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("speed", ("drop", "speed")),
        ("velocity", ("rename", "speed", "velocity")),
        ("wider", ("retype", "minute")),
    ],
)
def test_what_migrating_sends(mart, timetable, overheard, analyser_cache, code, words):
    """The statement changes the table that it is judged on, so it is judged before it runs."""
    table = timetable()
    mart.publish(table)
    columns = {
        "speed": table.columns[:-1],
        "velocity": (*table.columns[:-1], replace(table.columns[-1], name="velocity")),
        "wider": (*table.columns[:3], replace(table.columns[3], type=ColumnType.NUMERIC), table.columns[4]),
    }[code]
    metadata.ensure(mart.rest)

    wanted = migrate.plan(
        mart.rest, replace(table, columns=columns), migrate.Migration(migrate.Action(words[0]), *words[1:])
    )

    assert judge(mart, [*overheard, (wanted.statement, {})], analyser_cache) == []


def test_a_wrong_statement_would_be_seen(mart, timetable, analyser_cache):
    mart.publish(timetable())
    name = f"`{mart.environment.gcp_project}.{mart.environment.mart_dataset}.flight_delay__timetable`"

    wrong = [(f"DELETE FROM {name} WHERE nope = 1", {}), (f"SELECT minute + speed || 'x' FROM {name}", {})]

    assert len(judge(mart, wrong, analyser_cache)) == 2
