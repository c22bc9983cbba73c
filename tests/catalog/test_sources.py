"""Reading sources: what a header may say, and what is said about one that is wrong."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.catalog.googlesql import tables_read, tokens
from featuremart.catalog.model import Known, Refresh
from featuremart.catalog.sources import load_sources, parse_source, source_fingerprint
from featuremart.lake.columns import ColumnType

REPOSITORY = Path(__file__).parent.parent.parent
FILE = "embulk/sources/flights.sql"
GOOD = """\
/*
what: Flights that left a New York airport,
  one row a flight.
owner: flight-data@example.com
event_time: scheduled_departure        # absent: a snapshot source
timezone: America/New_York
first_day: 2013-01-01
min_rows: 0
refresh: after 7 days
columns:
  flight_id: {type: STRING, required: true, about: "carrier, number, origin and day"}
  scheduled_departure: {type: TIMESTAMP, required: true, about: by the timetable}
  landed_at: {type: TIMESTAMP, about: at the gate, known_at: landed_at}
  arr_delay: {type: FLOAT64, about: minutes late, known_at: landed_at}
  dep_delay: {type: FLOAT64, about: minutes late, known_at: event_time + 2h}
  cancelled: {type: BOOL, about: never left, known_at: landed_at + 1d}
*/

-- the query
SELECT *
FROM warehouse.flights
"""


def parsed(text=GOOD, name="flights"):
    source, problems = parse_source(name, dedent(text), file=FILE)
    assert problems == []
    return source


def found(text, name="flights"):
    """Return the problems of a text, as ``(line, message, instead)``."""
    _, problems = parse_source(name, text, file=FILE)
    assert all(problem.where.file == FILE for problem in problems)
    return [(problem.where.line, problem.message, problem.instead) for problem in problems]


def the_problem(text, name="flights"):
    problems = found(text, name)
    assert len(problems) == 1, problems
    return problems[0]


def changed(old, new):
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_header_becomes_a_source():
    source = parsed()

    assert source.name == "flights"
    assert source.what == "Flights that left a New York airport, one row a flight."
    assert source.owner == "flight-data@example.com"
    assert source.event_time == "scheduled_departure"
    assert source.timezone == "America/New_York"
    assert source.first_day == dt.date(2013, 1, 1)
    assert source.min_rows == 0
    assert source.refresh == Refresh("after", 7)
    assert source.tables_read == ("warehouse.flights",)
    assert source.sql == "-- the query\nSELECT *\nFROM warehouse.flights"
    assert source.sql_line == 19
    assert GOOD.splitlines()[source.sql_line - 1] == "-- the query"


def test_columns_keep_order_type_mode_meaning_line_and_when_they_are_known():
    columns = parsed().columns

    assert [column.name for column in columns] == [
        "flight_id",
        "scheduled_departure",
        "landed_at",
        "arr_delay",
        "dep_delay",
        "cancelled",
    ]
    assert columns[0].type is ColumnType.STRING
    assert columns[0].required
    assert not columns[2].required
    assert columns[0].about == "carrier, number, origin and day"
    assert columns[0].line == 11
    assert [column.known for column in columns] == [
        Known(),
        Known(),
        Known("landed_at"),
        Known("landed_at"),
        Known(delay=dt.timedelta(hours=2)),
        Known("landed_at", dt.timedelta(days=1)),
    ]


def test_a_snapshot_source_has_no_days():
    source = parsed(
        """
        /*
        what: The register of aircraft.
        owner: flight-data@example.com
        columns:
          tailnum: {type: STRING, required: true, about: registration}
        */
        SELECT tailnum FROM warehouse.planes
        """,
        name="planes",
    )

    assert source.is_snapshot
    assert (source.event_time, source.first_day, source.min_rows) == (None, None, 1)
    assert source.refresh == Refresh("on change")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("on change", Refresh()),
        ("always", Refresh("always")),
        ("never", Refresh("never")),
        ("after 1 day", Refresh("after", 1)),
        ("after 30 days", Refresh("after", 30)),
    ],
)
def test_refresh_takes_these_forms(text, rule):
    assert parsed(changed("after 7 days", text)).refresh == rule


WRONG = [
    ("what: Flights that left a New York airport,\n  one row a flight.", "what:\n", 2, "what says nothing", "write what"),
    ("owner: flight-data@example.com\n", "", 2, "owner is missing", "write owner: flight-data@example.com"),
    ("owner:", "ownr:", 4, "no key 'ownr'", "did you mean owner?"),
    ("min_rows: 0", "min_rows: -1", 8, "min_rows cannot be '-1'", "0 where a partition may be empty"),
    ("min_rows: 0", "min_rows: 1.5", 8, "min_rows cannot be '1.5'", "write min_rows: 1"),
    ("min_rows: 0", "min_rows: 0\nmin_rows: 3", 9, "'min_rows' stands here again, first on line 8", "keep one"),
    ("refresh: after 7 days", "refresh: after 0 days", 9, "refresh cannot be 'after 0 days'", "after 7 days or never"),
    ("refresh: after 7 days", "refresh: daily", 9, "refresh cannot be 'daily'", "on change, always"),
    ("timezone: America/New_York", "timezone: America/NewYork", 6, "no timezone 'America/NewYork'", "America/New_York"),
    ("timezone: America/New_York", "timezone: ../../etc/passwd", 6, "no timezone '../../etc/passwd'", "known:"),
    ("timezone: America/New_York", "timezone: America", 6, "no timezone 'America'", ""),
    ("timezone: America/New_York\n", "", 5, "an event_time has a timezone", "write timezone: America/New_York"),
    ("first_day: 2013-01-01\n", "", 5, "an event_time has a first_day", "write first_day: 2013-01-01"),
    ("first_day: 2013-01-01", "first_day: 2013-02-30", 7, "first_day cannot be '2013-02-30'", "YYYY-MM-DD"),
    ("first_day: 2013-01-01", "first_day: 1.1.2013", 7, "first_day cannot be '1.1.2013'", "YYYY-MM-DD"),
    ("event_time: scheduled_departure ", "event_time: schedule_departure ", 5, "names no column", "did you mean scheduled_departure?"),
    ("TIMESTAMP, required: true, about: by", "TIMESTAMP, about: by", 12, "TIMESTAMP that is never null", "required: true"),
    ("about: by the timetable", "about: by the timetable, known_at: landed_at", 12, "is known at the event time", "leave"),
    ("landed_at: {type: TIMESTAMP,", "landed_at: {type: DATETIME,", 13, "landed_at: known_at names no TIMESTAMP", ""),
    ("{type: FLOAT64, about: minutes late, known_at: landed_at}", "{type: FLOAT, about: minutes late}", 14, "no type 'FLOAT'", "did you mean FLOAT64?"),
    ("{type: FLOAT64, about: minutes late, known_at: landed_at}", "{type: FLAOT64, about: x}", 14, "no type 'FLAOT64'", "did you mean FLOAT64?"),
    ("{type: FLOAT64, about: minutes late, known_at: landed_at}", "{about: x}", 14, "arr_delay: type is missing", "INT64, FLOAT64"),
    ("{type: FLOAT64, about: minutes late, known_at: landed_at}", "FLOAT64", 14, "says its type and what it means", "write arr_delay: {type"),
    ("{type: FLOAT64, about: minutes late, known_at: landed_at}", "{type: FLOAT64}", 14, "about is missing", "say what"),
    ("late, known_at: landed_at}", "late, known_at: landedat}", 14, "names no TIMESTAMP column: 'landedat'", "did you mean landed_at?"),
    ("event_time + 2h", "event_time + soon", 15, "adds no duration: 'soon'", "letters: d, h, m, s"),
    ("known_at: event_time + 2h", "known_at: + 2h", 15, "neither a column nor the event_time", "write known_at"),
    ("STRING, required: true", "STRING, required: yes", 11, "required cannot be 'yes'", "required: true"),
    ('"carrier, number, origin and day"', "carrier, number", 11, "no key 'number'", "text with a comma: put that text in quotes"),
    ("type: STRING", "typ: STRING, type: STRING", 11, "no key 'typ'", "did you mean type?"),
    ("  flight_id:", "  FlightId:", 11, "a column cannot be called 'FlightId'", "write it as flight_id"),
    ("  flight_id:", "  flight__id:", 11, "two underscores join two names", "write it as flight_id"),
    ("  flight_id:", "  class:", 11, "it is a word of Python", ""),
    ("  flight_id:", "  by:", 11, "it is a word of SQL", ""),
    ("  flight_id:", "  partition_day:", 11, "partition_day is made by the framework", "leave it out"),
    ("  flight_id:", "  available_at:", 11, "available_at is made by the framework", "leave it out"),
    ("FROM warehouse.flights", "FROM warehouse.flights;", 21, "it holds no semicolon", "leave the semicolon out"),
    ("FROM warehouse.flights", "FROM warehouse.flights WHERE x = 'a", 21, "a string begins here and does not end", "end it"),
    ("FROM warehouse.flights", "/* FROM warehouse.flights", 21, "a comment begins here and does not end", "end it"),
    ("what: Flights that", "what: Flights: those that", 2, "no YAML: mapping values are not allowed", "in quotes"),
    ("min_rows: 0", "min_rows: [0", 9, "no YAML", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "message", "instead"), WRONG, ids=[case[1][:40] for case in WRONG]
)
def test_a_fault_is_told_with_its_line_its_cause_and_what_to_write(old, new, line, message, instead):
    remedies = [remedy for at, cause, remedy in found(changed(old, new)) if at == line and message in cause]

    assert len(remedies) == 1, found(changed(old, new))
    assert instead in remedies[0]


def test_everything_that_is_wrong_is_told_in_one_go():
    text = (
        changed("min_rows: 0", "min_rows: few")
        .replace("type: BOOL", "type: TRUTH")
        .replace("after 7 days", "daily")
    )

    assert sorted(line for line, _, _ in found(text)) == [8, 9, 16]


@pytest.mark.parametrize("text", ["", "SELECT 1", "-- what: x\nSELECT 1", "/* what: x"])
def test_a_file_without_header_is_told_how_to_begin(text):
    line, message, instead = the_problem(text)

    assert (line, message) == (1, "the file has no header")
    assert "what: ..." in instead
    assert "columns: ..." in instead


@pytest.mark.parametrize("header", ["", "just words", "- a\n- b", "? [a, b]\n: c"])
def test_a_header_that_is_no_list_of_keys_is_refused(header):
    assert found(f"/*\n{header}\n*/\nSELECT 1")


@pytest.mark.parametrize(
    "header", ["[" * 5000, "a: &a [*a]", "{" * 900, "&a a: *a", "!!python/object:os.system x"]
)
def test_a_hostile_header_is_a_problem_and_no_more(header):
    source, problems = parse_source("flights", f"/*\n{header}\n*/\nSELECT 1", file=FILE)

    assert source is None
    assert problems


def test_what_has_no_query_is_told():
    assert the_problem(GOOD.split("-- the query", maxsplit=1)[0])[1] == "no query follows the header"


@pytest.mark.parametrize("key", ["timezone: UTC", "first_day: 2013-01-01"])
def test_a_key_about_days_needs_an_event_time(key):
    text = f"/*\nwhat: x\nowner: y\n{key}\ncolumns:\n  a: {{type: STRING, about: z}}\n*/\nSELECT a FROM w.t"
    line, message, instead = the_problem(text)

    assert line == 4
    assert "a source without event_time has none" in message
    assert "event_time: <column>" in instead


def test_a_snapshot_cannot_say_when_a_column_is_known():
    text = (
        "/*\nwhat: x\nowner: y\ncolumns:\n  a: {type: STRING, about: z, known_at: b}\n*/\nSELECT a FROM w.t"
    )

    assert the_problem(text)[0] == 5


@pytest.mark.parametrize(
    "name", ["Flights", "2013", "flight-data", "from", "flights__old", "select", "a" * 200]
)
def test_a_source_is_named_like_a_column(name):
    line, message, _ = the_problem(GOOD, name=name)

    assert line == 0
    assert message.startswith("a source cannot")


def test_a_source_whose_columns_cannot_be_trusted_is_left_out():
    assert parse_source("flights", changed("type: BOOL", "type: TRUTH"), file=FILE)[0] is None
    assert parse_source("flights", changed("min_rows: 0", "min_rows: few"), file=FILE)[0] is not None


def test_all_files_of_the_folder_are_read_in_order_of_names(tmp_path):
    folder = tmp_path / "embulk" / "sources"
    folder.mkdir(parents=True)
    (folder / "weather.sql").write_text(GOOD)
    (folder / "flights.sql").write_text(GOOD)
    (folder / "planes.sql").write_bytes(b"/*\nwhat: \xff*/")
    (folder / "notes.txt").write_text("no source")

    sources, problems = load_sources(tmp_path)

    assert list(sources) == ["flights", "weather"]
    assert [problem.where.file for problem in problems] == ["embulk/sources/planes.sql"]
    assert "cannot be read" in problems[0].message


def test_a_repository_without_sources_has_none(tmp_path):
    assert load_sources(tmp_path) == ({}, [])


def test_the_sources_of_this_repository_are_right():
    sources, problems = load_sources(REPOSITORY)

    assert problems == []
    assert {"flights", "weather", "planes", "diamonds"} <= set(sources)


# --- fingerprints


SAME = [
    ("SELECT *\nFROM warehouse.flights", "SELECT  * FROM\twarehouse . flights"),
    ("SELECT *\nFROM warehouse.flights", "select * from warehouse.flights"),
    ("-- the query", "# another comment /* SELECT */"),
    ("-- the query", "/* gone\n */"),
    ("owner: flight-data@example.com", "owner: somebody@example.com"),
    ("about: minutes late, known_at: landed_at", "about: other words, known_at: landed_at"),
    ("refresh: after 7 days", "refresh: never"),
]
OTHER = [
    ("SELECT *\nFROM warehouse.flights", "SELECT *\nFROM warehouse.Flights"),
    ("SELECT *\nFROM warehouse.flights", "SELECT *\nFROM warehouse.flights WHERE a = 'b'"),
    ("type: BOOL", "type: STRING"),
    ("type: STRING, required: true", "type: STRING, required: false"),
    ("late, known_at: landed_at", "late"),
    ("event_time + 2h", "event_time + 3h"),
    ("timezone: America/New_York", "timezone: UTC"),
    ("first_day: 2013-01-01", "first_day: 2013-01-02"),
    ("min_rows: 0", "min_rows: 1"),
    ("  flight_id:", "  flight_key:"),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_decides_no_value_leaves_the_fingerprint(old, new):
    assert source_fingerprint(parsed(changed(old, new))) == source_fingerprint(parsed())


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_decides_a_value_changes_the_fingerprint(old, new):
    assert source_fingerprint(parsed(changed(old, new))) != source_fingerprint(parsed())


def test_a_fingerprint_is_the_same_on_every_machine_and_version():
    # a change of this value means that every source is extracted anew: do that on purpose only
    assert source_fingerprint(parsed()) == "9f0a0c2471357ae8cfdc294e7a59012b82c4a8254bebfee1b107c33982ece6d6"


def test_white_space_within_a_string_counts():
    one, two = (parsed(changed("SELECT *", f"SELECT 'a{gap}b'")) for gap in (" ", "  "))

    assert source_fingerprint(one) != source_fingerprint(two)


WORDS = [
    "SELECT",
    "from",
    "a",
    "`b c`",
    "'x -- y'",
    '"""t\n"""',
    "r'\\d'",
    "1.5e3",
    "0x1F",
    "@first_day",
    "<=",
    "||",
    "(",
    ".",
]
GAPS = [" ", "\n", "\t ", " -- note\n", " # note\n", "/* note\n */", " /**/ "]


SOURCE = parsed()


@settings(deadline=None)  # how busy this machine is says nothing
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(GAPS)), min_size=1))
def test_only_words_count_not_what_stands_between_them(pairs):
    spread = "".join(word + gap for word, gap in pairs)
    plain = " ".join(word for word, _ in pairs)

    one, two = (source_fingerprint(dataclasses.replace(SOURCE, sql=sql)) for sql in (spread, plain))

    assert one == two


@settings(deadline=None)
@given(st.text(alphabet="aS'\"`\\/*-#\n .(r@1|>"))
def test_any_text_is_taken_apart_or_refused(text):
    try:
        words = tokens(text)
    except ValueError as error:
        assert "does not end" in str(error)  # noqa: PT017
    else:
        assert all(word.text in text for word in words)


# --- tables that a query reads


READS = [
    ("SELECT 1", []),
    ("SELECT * FROM w.a", ["w.a"]),
    ("SELECT * FROM `w.a` JOIN `w`.b USING (x)", ["w.a", "w.b"]),
    ("SELECT * FROM w.a, w.b AS b, b.items, UNNEST(b.more)", ["w.a", "w.b"]),
    (
        "WITH c AS (SELECT * FROM w.a) SELECT * FROM c, w.b WHERE x IN (SELECT y FROM w.d)",
        ["w.a", "w.b", "w.d"],
    ),
    ("SELECT EXTRACT(DAY FROM t.x), t.y IS DISTINCT FROM t.z FROM w.a t", ["w.a"]),
    ("SELECT (SELECT MAX(x) FROM f.legs) FROM w.a AS f", ["w.a"]),
    ("SELECT * FROM (w.a JOIN (SELECT 1 FROM w.b) ON TRUE), w.c ORDER BY c.x, c.y", ["w.a", "w.b", "w.c"]),
    ("SELECT 'FROM w.no', `FROM w.no` -- FROM w.no\nFROM w.order", ["w.order"]),
    ("SELECT x FROM w.a UNION ALL SELECT x FROM other.a", ["other.a", "w.a"]),
    ("FROM w.a |> WHERE x > 1 |> JOIN w.b USING (x)", ["w.a", "w.b"]),
    ("SELECT * FROM w.w", ["w.w"]),
    ("SELECT * FROM my-project.w.a", ["my-project.w.a"]),
    ("SELECT x FROM w.f(1), w.a", ["w.a"]),
]


@pytest.mark.parametrize(("sql", "tables"), READS)
def test_the_tables_that_a_query_reads_are_found_without_parsing_it(sql, tables):
    assert list(tables_read(tokens(sql))) == tables
