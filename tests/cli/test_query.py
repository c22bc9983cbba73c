"""``mart query``, ``tables``, ``describe`` and ``connect`` on a mart that holds something."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from featuremart.cli import result
from featuremart.mart import query as reading

pytestmark = pytest.mark.slow

NUMBERS = itertools.count(1)

CARRIERS = "SELECT carrier, flight_count, late_rate FROM mart.flight_delay__carrier_history ORDER BY partition_day, carrier"
VALUES = (
    "SELECT CAST(NULL AS STRING) AS a, '' AS b, 'NULL' AS c, 'it''s, \"é\"\\n' AS d, 1.5 AS e, TRUE AS f, "
    "TIMESTAMP '2013-01-01 10:00:00.5+00' AS g, CAST('nan' AS FLOAT64) AS h, [1, 2] AS i, b'xy' AS j, "
    "STRUCT(1 AS x) AS k, CAST(0.5 AS NUMERIC) AS l, DATE '2013-01-01' AS m"
).replace("it''s", "it\\'s")


class TestFormats:
    def test_a_table(self, run_mart):
        code, out, err = run_mart("query", CARRIERS)

        assert code == 0
        assert out.splitlines() == [
            "carrier  flight_count  late_rate",
            "-------  ------------  ---------",
            "AA                 10       0.25",
            "UA                 11       NULL",
            "AA                 10       0.25",
        ]
        assert err.startswith("bytes: not known here\n3 rows, ")

    def test_null_text_and_nothing_stay_apart_in_a_table(self, run_mart):
        _, out, _ = run_mart("query", VALUES)

        first = out.splitlines()[2].split()
        assert first[:3] == ["NULL", '""', '"NULL"']
        assert out.count("\n") == 3

    def test_csv_keeps_null_and_empty_text_apart(self, run_mart):
        _, out, _ = run_mart("query", VALUES, "--format", "csv")

        head, _, body = out.partition("\n")
        assert head == "a,b,c,d,e,f,g,h,i,j,k,l,m"
        assert body == (
            ',"",NULL,"it\'s, ""é""\n",1.5,true,2013-01-01 10:00:00.500000 UTC,NaN,"[1, 2]",eHk=,"{""x"": 1}",0.5,2013-01-01\n'
        )
        assert len(next(csv.reader(io.StringIO(body)))) == 13

    def test_json_is_an_object_a_line(self, run_mart):
        _, out, _ = run_mart("query", CARRIERS, "--format", "json")
        _, values, _ = run_mart("query", VALUES, "--format", "json")

        assert [json.loads(line) for line in out.splitlines()][1] == {
            "carrier": "UA",
            "flight_count": 11,
            "late_rate": None,
        }
        expected = [None, "", "NULL", 'it\'s, "é"\n', 1.5, True, "2013-01-01 10:00:00.500000 UTC"]
        expected += ["NaN", [1, 2], "eHk=", {"x": 1}, "0.5", "2013-01-01"]
        assert json.loads(values) == dict(zip("abcdefghijklm", expected, strict=True))

    def test_parquet_keeps_types(self, run_mart, tmp_path):
        path = tmp_path / "values.parquet"

        code, out, _ = run_mart("query", VALUES, "--format", "parquet", "--output", str(path))

        assert (code, out) == (0, "")
        table = pq.read_table(path)
        assert str(table.schema.field("g").type) == "timestamp[us, tz=UTC]"
        assert [str(table.schema.field(name).type) for name in "belm"] == [
            "string",
            "double",
            "decimal128(38, 9)",
            "date32[day]",
        ]
        row = table.to_pylist()[0]
        assert (row["a"], row["b"], row["i"], row["k"]) == (None, "", [1, 2], {"x": 1})

    def test_parquet_without_rows_has_columns(self, run_mart, tmp_path):
        path = tmp_path / "empty.parquet"

        run_mart(
            "query", f"SELECT * FROM ({CARRIERS}) WHERE FALSE", "--format", "parquet", "--output", str(path)
        )

        assert pq.read_table(path).column_names == ["carrier", "flight_count", "late_rate"]

    def test_parquet_goes_into_a_file(self, run_mart):
        code, _, err = run_mart("query", CARRIERS, "--format", "parquet")

        assert (code, "--output FILE" in err) == (2, True)

    @pytest.mark.parametrize("form", ["table", "csv", "json"])
    def test_every_format_can_go_into_a_file(self, run_mart, tmp_path, form):
        path = tmp_path / "file"
        _, shown, _ = run_mart("query", CARRIERS, "--format", form)

        run_mart("query", CARRIERS, "--format", form, "--output", str(path))

        assert path.read_text("utf-8") == shown

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("query", "SELECT 1 AS one, CAST(NULL AS STRING) AS none"), "NULL"),
            (("tables",), "never"),
            (("describe", "flight_delay.carrier_history"), "late_rate"),
        ],
    )
    def test_a_person_at_a_terminal_gets_a_drawn_table(self, published, tmp_path, words, said):
        """Through a real pseudo-terminal, 100 columns wide."""
        command = [str(Path(sys.executable).with_name("mart")), *words]
        run = f"import pty, sys; sys.exit(pty.spawn({command!r}) >> 8)"
        env = {"MART_ROOT": str(published.root), "PATH": "/usr/bin:/bin", "TERM": "xterm", "COLUMNS": "100"}
        done = subprocess.run(
            [sys.executable, "-c", run], capture_output=True, text=True, check=False, env=env, cwd=tmp_path
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert "─" in done.stdout
        assert said in done.stdout
        drawn = done.stdout[done.stdout.index("─") :]
        assert max(len(line) for line in drawn.splitlines()) <= 100


class TestInput:
    def test_from_standard_input_and_from_a_file(self, run_mart, monkeypatch, tmp_path):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1 AS one"))
        file = tmp_path / "one.sql"
        file.write_text("SELECT 1 AS one;\n")

        for words in (["-"], ["--file", str(file)]):
            assert run_mart("query", *words, "--format", "json")[1] == '{"one": 1}\n'

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            ([], "give one query"),
            (["SELECT 1", "--file", "x.sql"], "give one query"),
            (["--file", "missing.sql"], "missing.sql cannot be read"),
            (["  "], "the query is empty"),
            (["SELECT 1", "--limit-bytes", "much"], "is no size"),
            (["SELECT 1 AS a; SELECT 2 AS b"], "these are 2 statements"),
        ],
    )
    def test_what_cannot_be_asked(self, run_mart, words, said):
        code, _, err = run_mart("query", *words)

        assert (code, said in err) == (2, True), err

    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            ("DELETE FROM mart.flight_delay__aircraft WHERE TRUE", "DELETE"),
            ("INSERT INTO mart.flight_delay__aircraft (tailnum) SELECT 'x'", "INSERT"),
            ("UPDATE mart.flight_delay__aircraft SET maker = 'x' WHERE TRUE", "UPDATE"),
            (
                "MERGE mart.flight_delay__aircraft USING x ON FALSE WHEN NOT MATCHED THEN INSERT (a) VALUES (1)",
                "MERGE",
            ),
            ("TRUNCATE TABLE mart.flight_delay__aircraft", "TRUNCATETABLE"),
            ("DROP TABLE mart.flight_delay__aircraft", "DROP"),
            ("CREATE TABLE mart.x AS SELECT 1 AS a", "CREATE"),
            ("ALTER TABLE mart.flight_delay__aircraft DROP COLUMN maker", "ALTER"),
            ("EXPORT DATA OPTIONS (uri='gs://x') AS SELECT 1", "EXPORT"),
            ("CALL mart.f()", "CALL"),
            ("BEGIN TRANSACTION", "TRANSACTION"),
            ("GRANT `roles/x` ON TABLE mart.y TO 'user:z'", "GRANT"),
        ],
    )
    def test_what_does_not_only_read_is_refused(self, run_mart, published, statement, kind):
        code, _, err = run_mart("query", statement)

        assert code == 2
        assert f"mart query only reads, and this is: {kind}" in err
        assert published.rest.query(
            f"SELECT COUNT(*) FROM {published.dataset}.flight_delay__aircraft"
        ).rows == [(1,)]

    @pytest.mark.parametrize(
        "sql",
        [
            "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
            "(SELECT 1 AS x)",
            "SELECT 1 AS x UNION ALL SELECT 2",
            "/* why */ SELECT 1 AS x -- that",
        ],
    )
    def test_every_form_of_a_query_is_taken(self, run_mart, sql):
        assert run_mart("query", sql)[0] == 0


class TestTrouble:
    def test_a_wrong_query_says_what_bigquery_says(self, run_mart):
        code, _, err = run_mart("query", "SELECT carier FROM mart.flight_delay__carrier_history")

        assert code == 1
        assert "carier" in err

    def test_the_line_is_shown_where_bigquery_names_it(self, run_mart):
        code, _, err = run_mart("query", "SELECT carrier,\n  FROM WHERE x\n")

        assert code == 1
        assert "  2 |   FROM WHERE x\n" in err
        assert err.splitlines()[-1].strip(" |") == "^"

    def test_a_missing_table(self, run_mart):
        code, _, err = run_mart("query", "SELECT * FROM mart.flight_delay__carier_history")

        assert (code, "not found" in err.lower()) == (1, True)

    def test_a_file_that_cannot_be_written(self, run_mart, tmp_path):
        code, _, err = run_mart(
            "query", CARRIERS, "--format", "csv", "--output", str(tmp_path / "none" / "x.csv")
        )

        assert (code, "cannot be written: No such file or directory" in err) == (1, True)

    def test_a_query_that_fails_half_way_leaves_no_file(self, run_mart, tmp_path, monkeypatch):
        path = tmp_path / "x.csv"
        path.write_text("before")

        def fail(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(result, "_csv_cell", fail)
        code, _, err = run_mart("query", CARRIERS, "--format", "csv", "--output", str(path))

        assert (code, "No space left" in err) == (1, True)
        assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("x.csv", "before")]

    def test_servers_that_are_down(self, run_mart, published, monkeypatch, tmp_path):
        (tmp_path / "mart.toml").write_text((published.root / "mart.toml").read_text())
        monkeypatch.setenv("MART_ROOT", str(tmp_path))

        for words in (["query", "SELECT 1"], ["tables"], ["connect"]):
            code, _, err = run_mart(*words)
            assert (code, "next: mart up" in err) == (2, True)


class TestManyRows:
    SQL = "SELECT x, CONCAT('row ', CAST(x AS STRING)) AS y FROM UNNEST(GENERATE_ARRAY(1, 25000)) AS x ORDER BY x"

    def test_a_table_shows_the_first(self, run_mart):
        _, out, err = run_mart("query", self.SQL)

        assert out.count("\n") == 1002
        assert "1,000 rows of 25,000: --max-rows or --output shows more" in err

    def test_rows_can_be_limited_across_pages(self, run_mart):
        _, out, err = run_mart("query", self.SQL, "--format", "csv", "--max-rows", "12345")

        assert out.splitlines()[-1] == "12345,row 12345"
        assert "12,345 rows of 25,000" in err

    def test_all_are_written_into_a_file(self, run_mart, tmp_path):
        path = tmp_path / "all.parquet"
        run_mart("query", self.SQL, "--format", "parquet", "--output", str(path))

        assert pq.read_table(path).column("x").to_pylist() == list(range(1, 25_001))

    def test_what_storage_read_does_not_give_is_read_over_rest(self, run_mart, monkeypatch):
        """BigQuery may forbid Storage Read to a person; the emulator has no results there."""
        monkeypatch.setattr(reading, "STORAGE_FROM_ROWS", 1)

        assert run_mart("query", self.SQL, "--format", "csv")[1].count("\n") == 25_001

    @pytest.fixture
    def stored(self, published, monkeypatch):
        """Return a table that stands for the result of any query: it is read by Storage Read alone.

        BigQuery keeps a result as a table and the emulator keeps none.
        """
        table = f"{published.dataset}.kept_{next(NUMBERS)}"
        published.client.query(f"CREATE TABLE {table} AS {VALUES} UNION ALL {VALUES}").result()
        dataset, name = table.split(".")
        path = f"projects/{published.client.project}/datasets/{dataset}/tables/{name}"
        monkeypatch.setattr(type(published.rest), "destination", lambda *_: path)
        return table

    @pytest.mark.parametrize("form", ["csv", "json"])
    def test_storage_read_gives_the_same(self, run_mart, monkeypatch, stored, form):
        words = ("query", f"SELECT * FROM {stored}", "--format", form)
        _, expected, _ = run_mart(*words)
        monkeypatch.setattr(reading, "STORAGE_FROM_ROWS", 1)
        monkeypatch.setattr(reading, "RowChunk", None)

        code, shown, err = run_mart(*words)

        assert (code, shown) == (0, expected), err

    def test_storage_read_into_parquet_keeps_the_types(self, run_mart, monkeypatch, stored, tmp_path):
        words = (
            "query",
            f"SELECT * FROM {stored}",
            "--format",
            "parquet",
            "--max-rows",
            "1",
            "--output",
        )
        run_mart(*words, str(tmp_path / "rest"))
        monkeypatch.setattr(reading, "STORAGE_FROM_ROWS", 1)
        monkeypatch.setattr(reading, "RowChunk", None)

        code, _, err = run_mart(*words, str(tmp_path / "storage"))

        assert code == 0, err
        by_storage, by_rest = (
            pq.read_table(tmp_path / name).drop_columns(["h"]) for name in ("storage", "rest")
        )
        assert by_storage.equals(by_rest)  # h is NaN, which equals nothing


class TestTables:
    def test_published_and_declared_tables_are_listed(self, run_mart):
        code, out, _ = run_mart("tables")

        assert code == 0
        lines = {tuple(line.split()[:2]): line for line in out.splitlines()[1:]}
        assert "2013-01-01  2013-01-02  3" in lines["flight_delay", "carrier_history"]
        assert lines["flight_delay", "timetable"].endswith("never published")
        assert "snapshot" in lines["flight_delay", "aircraft"]

    def test_for_programs(self, run_mart, published):
        _, out, _ = run_mart("tables", "--json")

        found = {row["table"]: row for row in map(json.loads, out.splitlines())}
        history = found["carrier_history"]
        assert (history["model"], history["kind"], history["partitions"], history["rows"]) == (
            "flight_delay",
            "window",
            2,
            3,
        )
        assert (history["first_day"], history["last_day"], history["note"]) == (
            "2013-01-01",
            "2013-01-02",
            "",
        )
        assert history["code"] == published.spec("flight_delay.carrier_history").code_fingerprint[:12]
        assert found["timetable"]["partitions"] == 0

    def test_code_that_is_broken_does_not_hide_the_mart(self, run_mart, published):
        module = published.root / "features/flight_delay/aircraft.py"
        whole = module.read_text()
        module.write_text("def broken(:\n")
        try:
            code, out, err = run_mart("tables")
        finally:
            module.write_text(whole)

        assert (code, "mart check" in err) == (0, True)
        assert "not in the code" in out

    def test_code_that_changed_since_is_noted(self, run_mart, published):
        module = published.root / "features/flight_delay/aircraft.py"
        whole = module.read_text()
        module.write_text(whole.replace("    return seats\n", "    return seats + 1\n"))
        try:
            _, out, err = run_mart("tables")
        finally:
            module.write_text(whole)

        line = next(line for line in out.splitlines() if " aircraft " in line)
        assert line.endswith("the code changed since"), err


class TestDescribe:
    @pytest.mark.parametrize("name", ["flight_delay.carrier_history", "flight_delay__carrier_history"])
    def test_a_table(self, run_mart, published, name):
        code, out, _ = run_mart("describe", name)

        spec = published.spec("flight_delay.carrier_history")
        assert code == 0
        assert spec.doc.summary in out
        assert spec.owner in out
        assert f"one row for each carrier and day, from the last {spec.window_days} days of flights" in out
        assert "2013-01-01 to 2013-01-02, 3 rows" in out
        (line,) = [line for line in out.splitlines() if line.startswith("mean_arrival_delay ")]
        assert "rejected:" in line
        (line,) = [line for line in out.splitlines() if line.startswith("late_rate ")]
        assert "FLOAT64" in line
        assert "between 0 and 1" in line

    def test_a_table_for_programs(self, run_mart):
        _, out, _ = run_mart("describe", "flight_delay.carrier_history", "--json")

        page = json.loads(out)
        assert page["keys"] == ["carrier"]
        assert [column["name"] for column in page["columns"]][:3] == [
            "partition_day",
            "carrier",
            "available_at",
        ]
        assert {column["difference"] for column in page["columns"] if column["name"] == "late_rate"} == {""}

    def test_a_table_that_was_never_published(self, run_mart):
        _, out, _ = run_mart("describe", "flight_delay.timetable")

        assert "published  never published" in out
        assert "not published yet" in out

    def test_a_feature(self, run_mart, published):
        code, out, _ = run_mart("describe", "flight_delay.carrier_history.late_rate")

        feature = next(
            f for f in published.spec("flight_delay.carrier_history").features if f.name == "late_rate"
        )
        assert code == 0
        assert out.startswith("flight_delay__carrier_history.late_rate  FLOAT64")
        assert feature.doc.summary in out
        assert "Why:\n" in out
        assert "Tendency:\n" in out
        assert f"file    {feature.where}" in out
        assert "1 values, 1 nulls" in out
        assert "(2013-01-02)" in out

    def test_a_column_of_the_mart_alone(self, run_mart, published):
        name = f"{published.dataset}.flight_delay__aircraft"
        published.client.query(f"ALTER TABLE {name} ADD COLUMN old_one STRING").result()

        _, table, _ = run_mart("describe", "flight_delay.aircraft")
        _, feature, _ = run_mart("describe", "flight_delay.aircraft.old_one")
        published.client.query(f"ALTER TABLE {name} DROP COLUMN old_one").result()

        assert "old_one" in table
        assert "not in the code" in table
        assert feature.startswith("flight_delay__aircraft.old_one  STRING")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("flight_delay.carier_history", "did you mean flight_delay.carrier_history"),
            ("flight_delay.carrier_history.late_rat", "did you mean late_rate"),
            ("a.b.c.d", "no table and no feature"),
        ],
    )
    def test_unknown_names_have_the_nearest(self, run_mart, name, hint):
        code, _, err = run_mart("describe", name)

        assert (code, hint in err) == (2, True), err


class TestConnect:
    def test_the_python_of_this_environment_runs(self, run_mart, tmp_path):
        """What is printed is run as it is, in a fresh interpreter."""
        _, code, _ = run_mart("connect", "python")

        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
        )

        assert done.returncode == 0, done.stderr
        assert "{'table_name': 'flight_delay__carrier_history', 'days': 2, 'row_count': 3}" in done.stdout

    def test_all_ways_are_told(self, run_mart, published):
        code, out, _ = run_mart("connect")

        assert code == 0
        assert f"bq --api={published.rest.environment.endpoints.bigquery} " in out
        assert "BI tool" in out

    def test_the_cloud_has_limits_and_no_address(self, run_mart, published):
        _, out, _ = run_mart("connect", "--env", "production")

        compile(run_mart("connect", "python", "--env", "production")[1], "snippet", "exec")
        assert f"maximum_bytes_billed={100 * 2**30}" in out
        assert "jdbc:bigquery://" in out
        assert str(published.rest.environment.endpoints.bigquery) not in out


def test_days_are_as_the_mart_has_them(published):
    assert published.rest.query(
        f"SELECT MAX(partition_day) FROM {published.dataset}.mart_partitions_current"
    ).rows == [(dt.date(2013, 1, 2),)]
