"""Queries of sources before the analyser: what is refused, where, and with which advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from featuremart.catalog.analyser import Analyser, OutputColumn
from featuremart.catalog.sources import load_sources, parse_source
from featuremart.catalog.sql import DAY_PARAMETERS, sql_problems
from featuremart.catalog.warehouse import load_schemas, parse_schema, write_schema
from featuremart.catalog.zetasql_service import Refused
from featuremart.errors import UsageError

REPOSITORY = Path(__file__).parent.parent.parent
FILE = "embulk/sources/flights.sql"
SCHEMAS = {
    "warehouse.flights": parse_schema(
        [
            {"name": "carrier", "type": "STRING", "mode": "REQUIRED"},
            {"name": "flight", "type": "INTEGER"},
            {"name": "time_hour", "type": "TIMESTAMP", "description": "when"},
            {"name": "dep_delay", "type": "FLOAT"},
            {"name": "day", "type": "DATE"},
            {
                "name": "legs",
                "type": "RECORD",
                "mode": "REPEATED",
                "fields": [{"name": "miles", "type": "INT64"}],
            },
        ]
    ),
    "warehouse.planes": parse_schema(
        [{"name": "tailnum", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}]
    ),
}
HEADER = """\
/*
what: Flights.
owner: flight-data@example.com
event_time: time_hour
timezone: America/New_York
first_day: 2013-01-01
columns:
  carrier: {type: STRING, required: true, about: airline}
  time_hour: {type: TIMESTAMP, required: true, about: when}
*/
"""
DAY = "DATE(time_hour, 'America/New_York') AS partition_day"


@pytest.fixture(scope="session")
def analyser(analyser_cache):
    return Analyser(SCHEMAS, folder=analyser_cache)


@pytest.fixture
def problems(analyser):
    """Return a function that tells the problems of a query under the header, as ``(line of the query, message, instead)``."""

    def judge(sql, header=HEADER):
        source, found = parse_source("flights", header + sql.replace("THE_DAY", DAY), file=FILE)
        assert found == []
        first = header.count("\n")
        return [
            (problem.where.line - first, problem.message, problem.instead)
            for problem in sql_problems([source], analyser)
        ]

    return judge


GOOD = [
    "SELECT carrier, time_hour, THE_DAY FROM warehouse.flights",
    "SELECT carrier, time_hour, THE_DAY FROM `warehouse.flights` WHERE DATE(time_hour) BETWEEN @first_day AND @last_day",
    "SELECT f.carrier, f.time_hour, THE_DAY FROM `warehouse`.flights AS f, f.legs WHERE legs.miles > 1",
    "SELECT THE_DAY, carrier, time_hour FROM warehouse.flights QUALIFY ROW_NUMBER() OVER (PARTITION BY carrier ORDER BY flight) = 1",
    "SELECT ANY_VALUE(carrier) AS carrier, time_hour, THE_DAY FROM warehouse.flights GROUP BY ALL",
    "SELECT MAX_BY(carrier, dep_delay) AS carrier, time_hour, THE_DAY FROM warehouse.flights GROUP BY time_hour",
    "SELECT carrier, time_hour, THE_DAY FROM warehouse.flights WHERE CONTAINS_SUBSTR(carrier, 'A')",
    "SELECT carrier, time_hour, THE_DAY FROM warehouse.flights WHERE _PARTITIONDATE >= @first_day",
    "FROM warehouse.flights |> SELECT carrier, time_hour, THE_DAY",
]


@pytest.mark.parametrize("sql", GOOD)
def test_a_good_query_is_accepted(problems, sql):
    assert problems(sql) == []


BAD = [
    ("unknown column", "SELECT carier AS carrier,\n  time_hour\nFROM warehouse.flights", 1, 8, "Unrecognized name: carier", "did you mean carrier?"),
    ("unknown column of an alias", "SELECT f.carrier,\n  f.time FROM warehouse.flights f", 2, 5, "Name time not found inside f", ""),
    ("unknown alias", "SELECT g.carrier FROM warehouse.flights f", 1, 8, "Unrecognized name: g", ""),
    ("wrong operand", "SELECT\n  flight + carrier AS x\nFROM warehouse.flights", 2, 3, "No matching signature for operator + (argument types: int64, string)", "it takes INT64 + INT64,"),
    ("wrong argument", "SELECT DATE_TRUNC(carrier, MONTH) AS x FROM warehouse.flights", 1, 8, "No matching signature for function DATE_TRUNC", "it takes DATE_TRUNC(DATE, DATE_TIME_PART)"),
    ("too few arguments", "SELECT IFNULL(carrier) AS x FROM warehouse.flights", 1, 8, "IFNULL", ""),
    ("unknown function", "SELECT CONCATENATE(carrier) AS x FROM warehouse.flights", 1, 8, "Function not found: CONCATENATE", "cannot be checked here"),
    ("misspelt function", "SELECT UPER(carrier) AS x FROM warehouse.flights", 1, 8, "Function not found: UPER", "did you mean upper?"),
    ("misspelt keyword", "SELEC carrier FROM warehouse.flights", 1, 1, 'Unexpected identifier "SELEC"', ""),
    ("unexpected end", "SELECT carrier FROM warehouse.flights WHERE", 1, 44, "Unexpected end of statement", ""),
    ("comma too many", "SELECT carrier,\n  FROM warehouse.flights GROUP BY 1,\n", 2, 37, "Unexpected end of statement", ""),
    ("bracket too few", "SELECT COUNT( FROM warehouse.flights", 1, 15, "Syntax error", ""),
    ("unknown parameter", "SELECT @first AS x FROM warehouse.flights", 1, 8, "Query parameter 'first' not found", ""),
    ("not grouped", "SELECT carrier, COUNT(*) AS n\nFROM warehouse.flights", 1, 8, "neither grouped nor aggregated", ""),
    ("aggregate in WHERE", "SELECT carrier FROM warehouse.flights WHERE MAX(flight) > 1", 1, 45, "Aggregate function MAX not allowed in WHERE", ""),
    ("comparing types", "SELECT carrier FROM warehouse.flights WHERE flight = day", 1, 45, "No matching signature for operator = for argument types: INT64, DATE", ""),
    ("ambiguous column", "SELECT carrier FROM warehouse.flights a, warehouse.flights b", 1, 8, "Column name carrier is ambiguous", ""),
    ("bad date literal", "SELECT DATE '2013-02-30' AS x", 1, 8, "Invalid DATE literal", ""),
    ("impossible cast", "SELECT CAST(day AS INT64) AS x FROM warehouse.flights", 1, 13, "Invalid cast from DATE to INT64", ""),
    ("type of another dialect", "SELECT CAST(carrier AS VARCHAR) AS x FROM warehouse.flights", 1, 24, "Type not found: VARCHAR", ""),
    ("no query", "DELETE FROM warehouse.flights WHERE TRUE", 1, 1, "Statement not supported: DeleteStatement", ""),
    ("unions of other widths", "SELECT 1 AS a UNION ALL SELECT 1, 2", 1, 25, "Queries in UNION ALL have mismatched column count", ""),
    ("window without order", "SELECT LAG(carrier) OVER () AS x FROM warehouse.flights", 1, 26, "Window ORDER BY is required", ""),
    ("array as a value", "SELECT legs.miles AS x FROM warehouse.flights", 1, 13, "Cannot access field miles on a value with type ARRAY", ""),
    ("after a tab", "SELECT\tcarier FROM warehouse.flights", 1, 8, "Unrecognized name: carier", ""),
    ("after an accent", "SELECT 'é', carier FROM warehouse.flights", 1, 13, "Unrecognized name: carier", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "line", "column", "message", "instead"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_bad_query_is_told_with_line_and_column(problems, sql, line, column, message, instead):
    found = problems(sql)

    assert len(found) == 1
    assert found[0][0] == line
    assert found[0][1].startswith(f"column {column}: ")
    assert message in found[0][1]
    assert instead in found[0][2]
    assert "\n" not in found[0][1]


def test_the_line_is_the_files_own(analyser):
    text = HEADER + "\n-- a note\nSELECT\n  carier AS carrier\nFROM warehouse.flights\n"
    source, _ = parse_source("flights", text, file=FILE)

    (problem,) = sql_problems([source], analyser)

    assert "carier" in text.splitlines()[problem.where.line - 1]
    assert problem.where.file == FILE


def test_a_query_nested_too_deeply_is_told_and_the_next_is_judged(problems):
    deep = "SELECT " + "+".join(["1"] * 20_000) + " AS x"

    assert problems(deep) == [(1, "the query is nested too deeply for the analyser", "")]
    assert problems(GOOD[0]) == []


@pytest.mark.parametrize(
    ("table", "message", "instead"),
    [
        ("warehouse.flihgts", "no schema of the table warehouse.flihgts is known", "did you mean warehouse.flights, warehouse.planes?"),
        ("warehouse.Flights", "no schema of the table warehouse.Flights is known", "did you mean warehouse.flights, warehouse.planes?"),
        ("sales.orders", "no schema of the table sales.orders is known", "bq show --schema --format=prettyjson sales.orders > embulk/warehouse/sales.orders.json"),
        ("`my-project.warehouse.flights`", "a project belongs into mart.toml", "write warehouse.flights"),
    ],
)  # fmt: skip
def test_a_table_without_schema_is_told_with_the_way_to_get_it(problems, table, message, instead):
    ((line, cause, remedy),) = problems(f"SELECT carrier\nFROM {table}")

    assert line == 2
    assert message in cause
    assert instead in remedy


def test_a_table_that_the_catalog_overlooks_is_told(problems):
    # an alias with the name of a dataset: the catalog takes the table for an array of it
    sql = "SELECT carrier, time_hour, THE_DAY\nFROM warehouse.flights AS f WHERE 1 < (SELECT MAX(warehouse.miles) FROM f.legs AS warehouse)"

    ((line, message, instead),) = problems(sql)

    assert line == 2
    assert message == "the catalog and the analyser do not agree whether the query reads warehouse.flights"
    assert instead == "write it plainly: FROM dataset.table"


def test_all_unknown_tables_are_told(problems):
    assert len(problems("SELECT 1 AS x FROM a.b, c.d, e.f")) == 3


def line_of_header(name):
    return -next(
        index
        for index, line in enumerate(reversed(HEADER.splitlines()))
        if line.strip().startswith(f"{name}:")
    )


DIFFERENT = [
    ("missing", "SELECT carrier, THE_DAY FROM warehouse.flights", line_of_header("time_hour"), "time_hour is declared, and the query does not make it", "add it to the query"),
    ("misnamed", "SELECT carrier AS carier, time_hour, THE_DAY\nFROM warehouse.flights", line_of_header("carrier"), "carrier is declared", "did you mean carier?"),
    ("extra", "SELECT carrier, time_hour,\n flight, THE_DAY FROM warehouse.flights", 2, "the query makes flight (INT64), which columns does not list", "declare flight: {type: INT64, about: ...}"),
    ("unfit", "SELECT carrier, time_hour,\n legs, THE_DAY FROM warehouse.flights", 2, "the query makes legs (ARRAY<STRUCT<miles INT64>>)", "cast it, or leave it out"),
    ("type", "SELECT flight AS carrier, time_hour, THE_DAY FROM warehouse.flights", line_of_header("carrier"), "declared as STRING, and the query makes INT64", "CAST(... AS STRING) AS carrier"),
    ("order", "SELECT time_hour, carrier, THE_DAY FROM warehouse.flights", line_of_header("carrier"), "columns lists carrier where the query makes time_hour", "in the order of the query"),
    ("no day", "SELECT carrier, time_hour FROM warehouse.flights", 1, "the query does not make partition_day", "DATE(time_hour, 'America/New_York') AS partition_day"),
    ("day of a wrong type", "SELECT carrier, time_hour,\n time_hour AS partition_day FROM warehouse.flights", 2, "partition_day is a DATE, and the query makes TIMESTAMP", "DATE(time_hour, 'America/New_York')"),
    ("nameless", "SELECT carrier, time_hour, THE_DAY, 1 FROM warehouse.flights", 1, "column 4 of the query has no name", "AS name"),
    ("twice", "SELECT carrier, time_hour, carrier, THE_DAY FROM warehouse.flights", 1, "the query makes carrier twice", "name each column once"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "line", "message", "instead"),
    [case[1:] for case in DIFFERENT],
    ids=[case[0] for case in DIFFERENT],
)
def test_columns_that_differ_from_the_header_are_told_where_they_stand(problems, sql, line, message, instead):
    remedies = [remedy for at, cause, remedy in problems(sql) if at == line and message in cause]

    assert len(remedies) == 1, problems(sql)
    assert instead in remedies[0]


def test_a_snapshot_has_no_days_and_no_parameters(problems):
    header = "/*\nwhat: Planes.\nowner: x@example.com\ncolumns:\n  tailnum: {type: STRING, about: sign}\n*/\n"

    assert problems("SELECT tailnum FROM warehouse.planes", header) == []
    ((_, message, instead),) = problems(
        "SELECT tailnum, CURRENT_DATE() AS partition_day FROM warehouse.planes", header
    )
    assert "no partition_day" in message
    assert "event_time: <column>" in instead
    ((_, message, _),) = problems("SELECT tailnum FROM warehouse.planes WHERE @first_day IS NULL", header)
    assert "Query parameter 'first_day' not found" in message


def test_schemas_may_come_from_the_warehouse_as_it_is_now(analyser_cache):
    live = {"warehouse.planes": parse_schema([{"name": "tail_number", "type": "STRING"}])}
    now = Analyser(live, folder=analyser_cache)

    assert now.analyse("SELECT tail_number FROM warehouse.planes", {}) == (
        OutputColumn("tail_number", "STRING"),
    )
    with pytest.raises(Refused, match="Unrecognized name: tailnum"):
        now.analyse("SELECT tailnum FROM warehouse.planes", {})


ALL_TYPES = ["INT64", "FLOAT64", "BOOL", "STRING", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "NUMERIC", "BIGNUMERIC", "GEOGRAPHY", "JSON", "INTERVAL"]  # fmt: skip


def test_every_type_of_the_warehouse_goes_in_and_out(analyser_cache):
    columns = [{"name": f"c{at}", "type": type_} for at, type_ in enumerate(ALL_TYPES)]
    analyser = Analyser({"w.t": parse_schema(columns)}, folder=analyser_cache)

    assert [column.type for column in analyser.analyse("SELECT * FROM w.t", {})] == ALL_TYPES


def test_tables_are_told_as_the_catalog_finds_them(analyser):
    sources, _ = load_sources(REPOSITORY)

    for source in sources.values():
        tables = {table for table in analyser.tables(source.sql) if "." in table}
        assert tables == set(source.tables_read)


def test_the_queries_of_this_repository_are_right(analyser_cache):
    schemas, found = load_schemas(REPOSITORY)
    sources, _ = load_sources(REPOSITORY)

    assert found == []
    assert sql_problems(sources.values(), Analyser(schemas, folder=analyser_cache)) == []


def test_parameters_have_types(analyser):
    with pytest.raises(Refused, match="No matching signature"):
        analyser.analyse("SELECT @first_day + 'a' AS x", DAY_PARAMETERS)


# --- committed schemas


def test_a_schema_is_written_as_it_is_read(tmp_path):
    for table, columns in SCHEMAS.items():
        write_schema(tmp_path, table, columns)

    assert load_schemas(tmp_path) == (SCHEMAS, [])


@pytest.mark.parametrize(
    ("name", "content", "line", "message", "instead"),
    [
        (
            "w.t",
            "[\n{,}]",
            2,
            "this is no JSON",
            "bq show --schema --format=prettyjson w.t > embulk/warehouse/w.t.json",
        ),
        ("w.t", '[{"name": "a"}]', 0, "this is no table schema: 0.type: Field required", "bq show"),
        ("w.t", '[{"name": "a", "type": "VARCHAR"}]', 0, "there is no type 'VARCHAR'", "bq show"),
        ("w.t", '[{"name": "a`b", "type": "STRING"}]', 0, "'a`b' is no name of a column", "bq show"),
        ("w.t", '{"schema": 1}', 0, "this is no table schema", "bq show"),
        ("flights", "[]", 0, "the name is not <dataset>.<table>.json", "rename it"),
    ],
)
def test_a_wrong_schema_file_is_told(tmp_path, name, content, line, message, instead):
    path = tmp_path / "embulk" / "warehouse" / f"{name}.json"
    path.parent.mkdir(parents=True)
    path.write_text(content)

    schemas, (problem,) = load_schemas(tmp_path)

    assert schemas == {}
    assert (problem.where.file, problem.where.line) == (f"embulk/warehouse/{name}.json", line)
    assert message in problem.message
    assert instead in problem.instead


def test_a_table_name_cannot_lead_out_of_the_folder(tmp_path):
    with pytest.raises(UsageError, match="names no table"):
        write_schema(tmp_path, "../../etc.passwd", ())


@pytest.mark.slow
def test_the_real_analyser_is_compiled_where_no_copy_is_kept(tmp_path):
    said = []
    fresh = tmp_path / "cache"

    made = Analyser(SCHEMAS, folder=fresh, announce=said.append)
    again = Analyser(SCHEMAS, folder=fresh, announce=said.append)

    assert len(said) == 1
    assert (
        made.analyse("SELECT 1 AS one", {})
        == again.analyse("SELECT 1 AS one", {})
        == (OutputColumn("one", "INT64"),)
    )
