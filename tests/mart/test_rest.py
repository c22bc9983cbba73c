"""Plain REST against the real emulator, and what its errors mean."""

from __future__ import annotations

import datetime as dt
import json
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import stamina
from google.api_core.exceptions import NotFound, RetryError, ServiceUnavailable
from google.auth.exceptions import RefreshError
from google.cloud import bigquery
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.config.settings import Endpoints
from featuremart.errors import TransientError, UsageError, WorkFailed
from featuremart.mart import answers, sql
from featuremart.mart.cells import Field, Parameter, read_fields
from featuremart.mart.rest import Rest

SCALARS = {
    "STRING": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    "INT64": st.integers(-(2**63), 2**63 - 1),
    "FLOAT64": st.floats(allow_nan=False),
    "BOOL": st.booleans(),
    "DATE": st.dates(),
    "TIMESTAMP": st.datetimes(timezones=st.just(dt.UTC)),
}


@pytest.fixture(scope="session")
def rest(environment):
    return Rest(environment)


@pytest.mark.slow
class TestValues:
    @settings(deadline=None, max_examples=60)
    @given(
        st.sampled_from(sorted(SCALARS)).flatmap(
            lambda kind: st.tuples(st.just(kind), st.none() | SCALARS[kind])
        )
    )
    def test_a_parameter_comes_back_as_it_was(self, rest, typed):
        kind, value = typed

        assert rest.query("SELECT @x AS x", [Parameter("x", kind, value)]).rows == [(value,)]

    @settings(deadline=None, max_examples=60)
    @given(st.one_of(*(SCALARS[kind] for kind in ("STRING", "INT64", "DATE", "TIMESTAMP"))))
    def test_a_literal_is_the_value(self, rest, value):
        assert rest.query(f"SELECT {sql.literal(value)} AS x").rows == [(value,)]

    def test_arrays_are_parameters_too(self, rest):
        page = rest.query(
            "SELECT @x AS x, @empty AS y",
            [Parameter("x", "STRING", ("a", "b'")), Parameter("empty", "STRING", ())],
        )

        assert page.rows == [(["a", "b'"], [])]

    def test_every_type_is_read(self, rest):
        page = rest.query(
            "SELECT DATETIME '2013-01-01 10:00:00.5' AS a, b'xy' AS b, TIME '12:30:00' AS c, JSON '{\"k\":1}' AS d, "
            "STRUCT(1 AS x, [STRUCT('y' AS z)] AS inner_one) AS e, CAST('nan' AS FLOAT64) AS f, NULL AS g, "
            "CAST(1.5 AS NUMERIC) AS h"
        )

        (row,) = page.dicts()
        assert row.pop("f") != row.get("f")
        assert json.loads(row.pop("d")) == {"k": 1}
        assert row == {
            "a": dt.datetime(2013, 1, 1, 10, 0, 0, 500_000),  # noqa: DTZ001 - a DATETIME has no zone
            "b": b"xy",
            "c": dt.time(12, 30),
            "e": {"x": 1, "inner_one": [{"z": "y"}]},
            "g": None,
            "h": Decimal("1.5"),
        }
        assert {item.name: item.full_type for item in page.fields}["e"] == (
            "STRUCT<x INT64, inner_one ARRAY<STRUCT<z STRING>>>"
        )

    def test_bigquerys_own_names_of_types_are_read(self):
        fields = [
            {"name": "a", "type": "INTEGER"},
            {"name": "b", "type": "FLOAT", "mode": "REQUIRED", "description": "x"},
        ]

        assert read_fields({"fields": fields}) == (
            Field("a", "INT64"),
            Field("b", "FLOAT64", "REQUIRED", "x"),
        )


@pytest.mark.parametrize("name", ["", "a`b", "a b", "x;y", "a\\"])
def test_a_name_cannot_end_its_quotes(name):
    with pytest.raises(UsageError):
        sql.table_name("p", "d", name)
    with pytest.raises(UsageError):
        sql.column(name)


def test_days_in_a_row_are_a_range():
    days = [dt.date(2013, 1, day) for day in (3, 1, 2)]

    assert sql.day_in(days) == "`partition_day` BETWEEN DATE '2013-01-01' AND DATE '2013-01-03'"
    assert sql.day_in(days[:2]) == "`partition_day` IN (DATE '2013-01-01', DATE '2013-01-03')"


@pytest.mark.slow
class TestQueries:
    def test_all_pages_are_read(self, rest):
        page = rest.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS x ORDER BY x")

        assert [row[0] for row in page.rows] == list(range(1, 25_001))
        assert page.total_rows == 25_000

    def test_pages_come_one_by_one(self, rest):
        pages = rest.pages("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS x")

        assert [len(page.rows) for page in pages] == [10_000, 10_000, 5_000]

    def test_a_result_without_rows_still_has_columns(self, rest):
        (page,) = rest.pages("SELECT 1 AS x FROM UNNEST([1]) WHERE FALSE")

        assert ([item.name for item in page.fields], page.rows) == (["x"], [])

    def test_a_wrong_query_says_what_bigquery_says(self, rest):
        with pytest.raises(answers.QueryRefused, match=r"count rows: .*nope"):
            rest.query("SELECT nope FROM UNNEST([1]) AS x", what="count rows")

    def test_a_missing_table_is_not_there(self, rest):
        with pytest.raises(answers.NotThere):
            rest.query("SELECT * FROM mart.nothing_here")

    def test_a_dry_run_tells_the_statement(self, rest):
        assert rest.dry_run("SELECT 1 AS x").statement_type == "SELECT"
        with pytest.raises(answers.QueryRefused):
            rest.dry_run("SELECT nope FROM UNNEST([1]) AS x")


@pytest.mark.slow
class TestTables:
    def test_a_table_is_described(self, mart, timetable):
        mart.publish(timetable())

        info = mart.rest.table(mart.environment.mart_dataset, "flight_delay__timetable")

        assert [(item.name, item.type, item.mode) for item in info.columns][:2] == [
            ("partition_day", "DATE", "REQUIRED"),
            ("flight_id", "STRING", "REQUIRED"),
        ]
        assert (info.kind, info.partition_column, info.clustering) == (
            "TABLE",
            "partition_day",
            ("flight_id",),
        )
        assert info.last_modified.tzinfo is dt.UTC

    def test_what_is_missing_is_none(self, rest):
        assert rest.table("mart", "nothing_here") is None
        assert rest.tables("no_such_dataset") == []

    def test_rows_of_a_loaded_table_are_counted(self, mart, timetable, flights):
        full_name = mart.stage(timetable(), flights(dt.date(2013, 1, 1), 1, 2, 3))

        assert mart.rest.table(*full_name.split(".")[1:]).rows == 3

    def test_last_modified_follows_the_data(self, mart, timetable, flights):
        name = mart.stage(timetable(), flights(dt.date(2013, 1, 1), 1)).split(".", 1)[1]
        before = mart.rest.last_modified([name])

        mart.client.query(f"DELETE FROM {name} WHERE TRUE").result()
        after = mart.rest.last_modified([name])

        assert before == mart.rest.last_modified([name]) | before
        assert before[name] < after[name]
        assert after == mart.rest.last_modified([name])

    def test_the_time_of_a_view_tells_nothing(self, mart):
        dataset = mart.environment.mart_dataset
        mart.client.query(f"CREATE VIEW {dataset}.seen AS SELECT 1 AS x").result()

        assert mart.rest.last_modified([f"{dataset}.seen"]) == {f"{dataset}.seen": None}

    def test_a_missing_table_has_no_last_modified(self, rest):
        with pytest.raises(answers.NotThere, match=r"mart\.nothing"):
            rest.last_modified(["mart.nothing"])


@pytest.mark.parametrize(
    ("reason", "message", "status", "kind"),
    [
        ("backendError", "", 503, TransientError),
        ("rateLimitExceeded", "", 403, TransientError),
        ("quotaExceeded", "", 403, TransientError),
        ("", "", 502, TransientError),
        (
            "invalidQuery",
            "Transaction is aborted due to concurrent update against table x",
            400,
            answers.Conflict,
        ),
        (
            "invalidQuery",
            "Could not serialize access to table x due to concurrent update",
            400,
            answers.Conflict,
        ),
        ("conditionNotMet", "Precondition check failed.", 412, answers.Conflict),
        ("duplicate", "Already Exists: Table x", 409, answers.Conflict),
        ("notFound", "Not found: Table x", 404, answers.NotThere),
        ("invalidQuery", "Unrecognized name", 400, answers.QueryRefused),
        ("accessDenied", "Access Denied", 403, WorkFailed),
        ("", "", 401, WorkFailed),
        ("bytesBilledLimitExceeded", "Query exceeded limit", 400, WorkFailed),
        ("responseTooLarge", "", 403, WorkFailed),
        ("stopped", "Job execution was cancelled", 200, WorkFailed),
    ],
)
def test_the_meaning_of_an_answer(reason, message, status, kind):
    assert type(answers.meaning(reason, message, what="x", status=status)) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RetryError("gave up", cause=ConnectionError("reset")), TransientError),
        (requests.exceptions.ConnectionError("refused"), TransientError),
        (RefreshError("no token"), WorkFailed),
        (ServiceUnavailable("503"), TransientError),
        (NotFound("gone", errors=[{"reason": "notFound"}]), answers.NotThere),
    ],
)
def test_the_client_library_s_errors_become_ours(error, kind):
    with pytest.raises(kind, match="what was asked: ") as translated, answers.translated("what was asked"):
        raise error
    assert translated.type is kind


class TestServerTrouble:
    @pytest.fixture
    def server(self):
        """Serve given answers one after the other, then keep to the last."""
        replies = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                one.asked.append(self.path)
                status, body = replies.pop(0) if len(replies) > 1 else replies[0]
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

        one = HTTPServer(("127.0.0.1", 0), Handler)
        one.asked = []
        one.replies = replies
        thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield one
        one.shutdown()
        thread.join()
        one.server_close()

    @pytest.fixture
    def troubled(self, server, cloud):
        url = f"http://127.0.0.1:{server.server_port}"
        return Rest(cloud.model_copy(update={"endpoints": Endpoints(bigquery=url)}))

    def test_a_call_is_repeated_while_the_answer_is_transient(self, server, troubled):
        table = json.dumps({"tableReference": {"tableId": "t"}}).encode()
        server.replies[:] = [(503, b"<html>no</html>"), (503, b""), (200, table)]

        assert troubled.table("d", "t").name == "t"

    def test_a_person_is_told_why_it_takes_longer(self, server, troubled, caplog):
        table = json.dumps({"tableReference": {"tableId": "t"}}).encode()
        server.replies[:] = [(503, b""), (200, table)]

        troubled.table("d", "t")

        (told,) = caplog.messages
        assert told.startswith("d.t: HTTP 503; trying again in 0.")

    def test_an_outage_is_transient(self, server, troubled):
        server.replies[:] = [(503, b"<html>no</html>")]

        with stamina.set_testing(True, attempts=2), pytest.raises(TransientError, match="HTTP 503"):
            troubled.table("d", "t")

    def test_a_refusal_is_not_repeated(self, server, troubled):
        body = json.dumps(
            {"error": {"message": "Access Denied", "errors": [{"reason": "accessDenied"}]}}
        ).encode()
        server.replies[:] = [(403, body), (200, b"{}")]

        with pytest.raises(WorkFailed, match="Access Denied"):
            troubled.table("d", "t")

    @pytest.mark.parametrize(
        ("servers", "next_command"), [(".mart/servers.json", "mart servers"), (None, None)]
    )
    def test_a_server_that_does_not_listen_is_transient(self, server, troubled, servers, next_command):
        server.server_close()
        rest = Rest(troubled.environment.model_copy(update={"servers": servers}))

        with (
            stamina.set_testing(True, attempts=2),
            pytest.raises(TransientError, match="did not answer") as error,
        ):
            rest.table("d", "t")
        assert error.value.next_command == next_command

    def test_a_list_of_tables_is_read_to_its_end(self, server, troubled):
        def page(name, **more):
            return 200, json.dumps({"tables": [{"tableReference": {"tableId": name}}], **more}).encode()

        server.replies[:] = [page("a", nextPageToken="2"), page("b")]

        assert troubled.tables("d") == ["a", "b"]
        assert "pageToken=2" in server.asked[-1]

    def test_a_query_that_takes_its_time_is_waited_for(self, server, troubled):
        begun = {"jobReference": {"jobId": "j"}, "jobComplete": False}
        schema = {"fields": [{"name": "x", "type": "INTEGER"}]}
        done = {
            **begun,
            "jobComplete": True,
            "schema": schema,
            "rows": [{"f": [{"v": "1"}]}],
            "totalRows": "1",
        }
        server.replies[:] = [(200, json.dumps(answer).encode()) for answer in (begun, begun, done)]

        assert troubled.query("SELECT 1 AS x").rows == [(1,)]
        assert all("/queries/j?" in path for path in server.asked[1:])

    def test_a_query_that_takes_too_long_is_cancelled(self, server, troubled):
        server.replies[:] = [
            (200, json.dumps({"jobReference": {"jobId": "j"}, "jobComplete": False}).encode())
        ]

        with pytest.raises(TransientError, match="not done after 0 s, and cancelled"):
            list(troubled.pages("SELECT 1 AS x", deadline=0))
        assert "/jobs/j/cancel" in server.asked[-1]


def test_local_servers_that_are_down_are_named(local_settings):
    down = local_settings.environments["local"]

    with pytest.raises(UsageError) as error:
        Rest(down).table("mart", "t")
    assert error.value.next_command == "mart up"


def test_without_credentials_nothing_is_asked(cloud, monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))

    with pytest.raises(WorkFailed, match="no Google credentials") as error:
        Rest(cloud).table("mart", "t")
    assert "gcloud auth" in error.value.next_command


def test_the_client_is_not_imported(environment, run_python):
    """Asking small questions must not cost the client library's two seconds."""
    code = (
        "import sys; from featuremart.config.settings import Environment; from featuremart.mart.rest import Rest; "
        "from featuremart.mart import state, records; "
        f"rest = Rest(Environment.model_validate_json({environment.model_dump_json()!r})); "
        "assert rest.query('SELECT 1 AS x').rows == [(1,)]; "
        "print([name for name in sys.modules if name.startswith(('google', 'pandas', 'numpy', 'pyarrow', 'boto3'))])"
    )

    assert run_python(code) == "[]\n"


@pytest.mark.slow
def test_the_same_table_is_described_alike_by_the_client(mart, timetable):
    from featuremart.mart.rest import table_info

    mart.publish(timetable())
    name = f"{mart.environment.mart_dataset}.flight_delay__timetable"

    by_client = table_info(mart.client.get_table(name).to_api_repr())

    assert isinstance(mart.client, bigquery.Client)
    assert by_client == mart.rest.table(*name.split("."))
