"""What an author of features gets from the pytest plugin."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import uuid

import pandas as pd
import pytest

from featuremart.errors import ProblemsFound, UsageError, WorkFailed
from featuremart.testing.tables import Repository
from features.flight_delay import carrier_history, timetable

SOURCE = """\
/*
what: Things.
owner: things@example.com
event_time: happened_at
timezone: America/New_York
first_day: 2013-01-01
columns:
  thing_id: {type: INT64, required: true, about: its number}
  happened_at: {type: TIMESTAMP, required: true, about: when}
  size: {type: FLOAT64, required: true, about: how large}
  color: {type: STRING, about: which}
*/
SELECT thing_id, happened_at, size, color, DATE(happened_at, 'America/New_York') AS partition_day
FROM warehouse.things
WHERE happened_at >= TIMESTAMP(@first_day) AND happened_at < TIMESTAMP_ADD(TIMESTAMP(@last_day), INTERVAL 2 DAY)
"""
FEATURE = '''
@check({check})
def {name}(size: pd.Series) -> pd.Series[float]:
    """Something about the size.

    Why:
        Large things are rare.
    Tendency:
        1 in 10 is large.
    """
    return {body}
'''


@pytest.fixture
def things(tmp_path, monkeypatch):
    """Return a function that declares one table of events in a repository of its own, and opens it."""
    model = f"model_{uuid.uuid4().hex}"  # imported modules outlive a test

    def make(**features):
        sources = tmp_path / "embulk" / "sources"
        package = tmp_path / "features" / model
        sources.mkdir(parents=True)
        package.mkdir(parents=True)
        (sources / "things.sql").write_text(SOURCE)
        (package / "requirements.in").write_text("pandas\n")
        (package / "requirements.txt").write_text("pandas==3.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
        (package / "__init__.py").write_text(
            'from featuremart import Model\n\nmodel = Model(owner="a@example.com", predicts="nothing")\n'
        )
        head = (
            '"""Things."""\n\nfrom __future__ import annotations\n\nimport pandas as pd\n\n'
            "from featuremart import FeatureTable, check\n\n"
            'table = FeatureTable(source="things", keys=["thing_id"], event_time="happened_at")\n\n'
        )
        written = [
            FEATURE.format(name=name, body=body, check=check) for name, (body, check) in features.items()
        ]
        (package / "sizes.py").write_text(head + "\n".join(written))
        import features as namespace

        monkeypatch.setattr(namespace, "__path__", [str(tmp_path / "features")])
        return Repository(tmp_path), f"{model}.sizes"

    return make


def thing(number, **values):
    return {"thing_id": number, "happened_at": f"2013-05-01T1{number}:00Z", "size": 1.0 * number, **values}


def test_source_rows_have_the_declared_dtypes(source_rows):
    flights = source_rows(
        "flights",
        {"carrier": "UA", "distance": 100, "landed_at": "2013-01-01T12:00"},
        {"carrier": "AA", "distance": 2},
    )
    assert flights["distance"].dtype == "int64"
    assert flights["carrier"].dtype == "str"
    assert flights["landed_at"].tolist() == [pd.Timestamp("2013-01-01T12:00Z"), pd.NaT]
    assert str(flights["cancelled"].dtype) == "boolean"
    assert str(source_rows("flights", {}, {"distance": 5})["distance"].dtype) == "Int64"


def test_an_unknown_column_or_a_wrong_value_is_told_by_name(source_rows):
    with pytest.raises(UsageError, match=r"source flights has no column distanse: did you mean distance\?"):
        source_rows("flights", {"distanse": 1})
    with pytest.raises(UsageError, match=r"flights.distance is INT64"):
        source_rows("flights", {"distance": "far"})
    with pytest.raises(UsageError, match="no source 'flihgts'"):
        source_rows("flihgts", {})


def test_a_csv_beside_the_test_is_read(featuremart_repository, tmp_path):
    path = tmp_path / "flights.csv"
    path.write_text(
        'carrier,distance,arr_delay,cancelled,scheduled_departure\nUA,100,,true,2013-01-01T12:00:00Z\n"A,A",2,1.5,,\n'
    )
    flights = featuremart_repository.read_csv("flights", path)
    assert flights["carrier"].tolist() == ["UA", "A,A"]
    assert flights["arr_delay"].isna().tolist() == [True, False]
    assert flights["cancelled"].tolist() == [True, pd.NA]


def test_a_table_of_this_repository_is_run_as_the_worker_runs_it(run_table, source_rows):
    common = {"carrier": "UA", "flight_number": 1, "origin": "EWR", "dest": "IAH", "distance": 1400}
    flights = source_rows(
        "flights",
        {
            **common,
            "flight_id": "late",
            "scheduled_departure": "2013-01-02T04:59Z",
            "scheduled_arrival": "2013-01-02T08:00Z",
            "sched_dep_time": 2359,
            "sched_arr_time": 300,
            "departures_in_hour": 3,
        },
        {
            **common,
            "flight_id": "early",
            "scheduled_departure": "2013-01-01T10:15Z",
            "scheduled_arrival": "2013-01-01T13:19Z",
            "sched_dep_time": 515,
            "sched_arr_time": 819,
            "departures_in_hour": 9,
        },
    )
    for table in (timetable, "flight_delay.timetable", "features.flight_delay.timetable"):
        output = run_table(table, flights=flights)
        assert output["flight_id"].tolist() == ["early", "late"]
        assert output["departure_minute"].tolist() == [5 * 60 + 15, 23 * 60 + 59]
        assert output["partition_day"].tolist() == [dt.date(2013, 1, 1)] * 2


def test_a_window_ends_with_the_last_day_given(run_table):
    day = {"carrier": "UA", "origin": "EWR", "dest": "IAH"}
    flights = [{**day, "scheduled_departure": f"2013-02-{n:02}T12:00Z"} for n in (1, 2, 28)]
    counts = {
        partition: run_table(carrier_history, flights=flights, partition=partition)["flight_count"].tolist()
        for partition in (None, "2013-02-02", "2013-02-27")
    }
    assert counts == {None: [3], "2013-02-02": [2], "2013-02-27": [2]}


def test_sources_that_are_not_given_are_named(run_table):
    with pytest.raises(UsageError, match=r"flight_delay.timetable reads flights; got weather"):
        run_table(timetable, weather=[])
    with pytest.raises(
        UsageError, match=r"no feature table 'flight_delay.timetabel': did you mean flight_delay.timetable"
    ):
        run_table("flight_delay.timetabel", flights=[])
    with pytest.raises(UsageError, match=r"rows of flights lack .*, which flight_delay.timetable needs"):
        run_table(timetable, flights=[{"flight_id": "x", "scheduled_departure": "2013-01-01T12:00Z"}])


def test_checks_are_enforced(things):
    repository, table = things(doubled=("size * 2", "between=(0, 5)"))
    assert repository.run(table, {"things": [thing(1), thing(2)]})["doubled"].tolist() == [2.0, 4.0]
    with pytest.raises(
        WorkFailed, match=r"1 of 2 values break @check\(between=\(0, 5\)\): thing_id=3 -> 6.0"
    ):
        repository.run(table, {"things": [thing(1), thing(3)]})


@pytest.mark.parametrize(
    "body",
    [
        "size - size.mean()",
        "size.shift(-1)",
        "size.rank()",
        "size.cumsum()",
        "size * len(size)",
    ],
)
def test_a_feature_of_an_event_must_not_look_at_other_events(things, body):
    repository, table = things(honest=("size * 2", "nulls=1"), leaking=(body, "nulls=1"))
    rows = [thing(n) for n in (1, 2, 3, 4, 6)]
    with pytest.raises(WorkFailed, match="feature leaking: its values change when other rows are not there"):
        repository.run(table, {"things": rows})


def test_days_are_those_of_the_source(things):
    repository, table = things(same=("size", "nulls=1"))
    rows = [thing(1, happened_at="2013-05-02T03:59Z"), thing(2, happened_at="2013-05-02T04:00Z")]
    output = repository.run(
        table,
        {"things": pd.DataFrame(rows).assign(happened_at=pd.to_datetime([r["happened_at"] for r in rows]))},
    )
    assert output["partition_day"].tolist() == [dt.date(2013, 5, 1), dt.date(2013, 5, 2)]


def test_a_wrong_declaration_is_told_instead_of_run(things, tmp_path):
    _, table = things(same=("size", "nulls=1"))
    module = next(tmp_path.glob("features/*/sizes.py"))
    module.write_text(module.read_text().replace("def same(size", "def same(sice"))
    with pytest.raises(ProblemsFound, match=r"same has an unknown parameter sice.*\n.*did you mean size\?"):
        Repository(tmp_path).run(table, {"things": [thing(1)]})


def test_the_plugin_is_light():
    """It is loaded into every pytest of the environment."""
    program = (
        "import sys; import featuremart.testing.plugin; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'pandas', 'numpy', 'pyarrow', 'pandera', 'boto3'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
