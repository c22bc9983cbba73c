"""What the operators do, and what their tasks see."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from featuremart.errors import Where
from featuremart.workflow import Sessions
from featuremart.workflow.events import AttemptFinished


def test_functions_are_called_with_what_they_name(files) -> None:
    files.write(
        """
        import digdag

        def named(day, limit=3, tag=None):
            print(day, limit, tag)

        def everything(name, **rest):
            print(name, rest["extra"], "session_time" in rest)

        class Job:
            def __init__(self, name, size=1):
                self.name, self.size = name, size

            def build(self, day):
                print("build", self.name, self.size, day)

            def run(self):
                print("run", self.name)
        """,
        "tasks.py",
    )
    files.write(
        """
        _export: {day: monday, name: n, extra: e}
        +named: {py>: tasks.named, limit: 7}
        +everything: {py>: tasks.everything}
        +method: {py>: tasks.Job.build}
        +class: {py>: tasks.Job}
        """
    )

    assert files.run().stdout == ["monday 7 None", "n e True", "build n 1 monday", "run n"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('bad value 42')", "bad value 42 (ValueError)"),
        ("import sys; sys.exit(2)", "Failed to call python command with code:2"),
        ("import os; os._exit(0)", "ended the process without a result"),
        ("digdag.env.add_subtask({'x': object()})", "Parameters must be serializable using JSON"),
    ],
)
def test_a_function_that_fails_says_why(files, body: str, message: str) -> None:
    files.write(f"import digdag\ndef boom():\n    {body}\n", "tasks.py")
    files.write("+bad: {py>: tasks.boom}\n")

    ran = files.run()

    assert message in ran.attempt.errors[0].message
    assert ran.attempt.errors[0].where == Where("workflows/w.dig", 1)


def test_a_python_script_stands_for_itself(files) -> None:
    files.write(
        "+s:\n  script: |\n    import sys\n    open(sys.argv[2], 'w').write('{}')\n    print('ran')\n  py>:\n"
    )

    assert files.run().stdout == ["ran"]


def test_nested_stores_merge_and_lists_are_replaced(files) -> None:
    files.write(
        """
        import digdag

        def one():
            digdag.env.store({"o": {"a": 1, "n": {"x": 1}}, "l": [1, 2]})

        def two():
            digdag.env.store({"o": {"b": 2, "n": {"y": 2}}, "l": [3]})
        """,
        "tasks.py",
    )
    files.write(
        """
        +one: {py>: tasks.one}
        +two: {py>: tasks.two}
        +show: {echo>: '${JSON.stringify([o, l])}'}
        """
    )

    assert files.run().stdout == ['[{"a":1,"n":{"x":1,"y":2},"b":2},[3]]']


def test_a_message_with_an_expression_breaks_the_handler_as_on_a_server(files) -> None:
    files.write(
        "+bad:\n  sh>: 'exit 1'\n  _error:\n    fail>: '${\"$\"}{nope}'\n_error: {echo>: '${error.message}'}\n"
    )

    ran = files.run()

    handler = ran.attempt.errors[-1]
    assert handler.full_name == "+w^error"
    assert "nope is not defined" in handler.message


def test_a_slice_of_a_range_a_task(files) -> None:
    files.write(
        """
        +r:
          for_range>: {from: 10, to: 50, step: 20}
          _do: {echo>: '${range.from} ${range.to} ${range.index}'}
        +s:
          for_range>: {from: 0, to: 10, slices: 3}
          _parallel: true
          _do: {echo>: x}
        """
    )

    ran = files.run()

    assert ran.stdout[:2] == ["10 30 0", "30 50 1"]
    names = [task.full_name.rpartition("+")[2] for task in ran.attempt.tasks if "+range" in task.full_name]
    assert names == [
        "range-from=10&to=30",
        "range-from=30&to=50",
        "range-from=0&to=4",
        "range-from=4&to=8",
        "range-from=8&to=10",
    ]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (
            "for_range>: {from: 0, to: 10}\n  _do: {echo>: x}",
            "step or slices option is required for for_range",
        ),
        (
            "for_range>: {from: 0, to: 10, step: 0}\n  _do: {echo>: x}",
            "step option must be same or greater than 1 but got 0",
        ),
        ("loop>: 1001\n  _do: {echo>: x}", "Too many loop subtasks. Limit: 1000"),
        ("call>: ../outside.dig", "must not be outside of project path"),
        ("sh>: echo x\n  _workdir: ../..", "Working directory must not be outside of project path"),
        ("sh>: echo x\n  shell: [no-such-shell]", 'Cannot run program "no-such-shell"'),
        ("sh>: echo x\n  _env: {'a b': 1}", "Invalid _env key name: a b"),
        ("wait>: soon", "Invalid configuration"),
        ('sh>: echo x\n  nul: "a\\0b"', "embedded null byte"),
        (
            "if>: maybe\n  _do: {echo>: x}",
            "Expected 'true' or 'false' for key '_command' but got \"maybe\" (string)",
        ),
        ("require>: w\n  session_time: ${session_time}", "w requires itself"),
        ("require>: w\n  session_time: yesterday", "session_time is no time with a time zone: yesterday"),
        ("call>: w.dig", "Too many tasks. Limit: 1000"),
    ],
)
def test_a_task_that_cannot_be_run_says_why(files, task: str, message: str) -> None:
    files.write(f"+bad:\n  {task}\n")

    assert message in files.run().attempt.errors[-1].message


def test_a_required_workflow_runs_once_and_again_when_asked(files) -> None:
    files.write("+t: {echo>: target}\n", "target.dig")
    require = "require>: target\n  session_time: ${session_time}"
    files.write(f"+one:\n  {require}\n+two:\n  {require}\n+three:\n  {require}\n  rerun_on: all\n")
    sessions = Sessions()

    first = files.run(sessions=sessions)

    assert first.stdout == ["target", "target"]
    assert [task.state_params for task in first.attempt.tasks[1:]] == [
        {"require_kicked": True, "retry": 1},
        {},
        {"require_kicked": True, "retry": 1},
    ]
    assert {event.workflow for event in first.of(AttemptFinished)} == {"w", "target"}


def test_a_failed_requirement_may_be_ignored(files) -> None:
    files.write("+t: {fail>: no}\n", "target.dig")
    files.write("+one:\n  require>: target\n  session_time: ${session_time}\n  ignore_failure: true\n")

    assert files.run().attempt.success


def test_a_task_knows_its_session(files) -> None:
    files.write(
        """
        timezone: Asia/Tokyo
        schedule: {daily>: "03:00:00"}
        +show:
          echo>: '${session_time}|${session_date}|${session_local_time}|${session_tz_offset}|${session_unixtime}|${last_session_date}|${next_session_time}|${last_executed_session_time}|'
        """
    )
    project = files.load()
    session = project.workflow("w").session_for_day(dt.date(2026, 1, 14))

    ran = files.run(session=session)

    assert ran.stdout == [
        "2026-01-15T00:00:00+09:00|2026-01-15|2026-01-15 00:00:00|+0900|1768402800|2026-01-14|2026-01-16T00:00:00+09:00||"
    ]


def test_the_same_session_has_the_same_uuid_and_each_attempt_its_own_id(files) -> None:
    files.write("+t: {echo>: '${session_uuid}'}\n")

    one, two = files.run(), files.run()

    assert one.stdout == two.stdout == [one.attempt.session_uuid]
    assert one.attempt.attempt_id != two.attempt.attempt_id


def test_a_range_reaches_the_tasks_by_start_parameters(files) -> None:
    files.write("+t:\n  sh>: \"echo ${typeof from === 'undefined' ? session_date : from + ' ' + to}\"\n")

    assert files.run().stdout == ["2026-01-15"]
    assert files.run(params={"from": "2026-01-01", "to": "2026-01-07"}).stdout == ["2026-01-01 2026-01-07"]


def test_secrets_reach_commands_and_no_event(files) -> None:
    files.write(
        """
        +t:
          _env: {TOKEN: "${secret:api.token}"}
          sh>: 'echo "length ${"$"}{#TOKEN} value $TOKEN"'
        +inline:
          sh>: 'echo ${secret:api.token}; exit 1'
        """
    )

    ran = files.run(secrets={"api.token": "s3cr3t-value"}.get)

    assert ran.stdout == ["length 12 value ***", "***"]
    assert ran.states["t"] == "success"
    assert "s3cr3t" not in json.dumps([event.as_json() for event in ran.events])


def test_a_missing_secret_fails_its_task(files) -> None:
    files.write("+t:\n  sh>: echo ${secret:nope}\n")

    assert "Secret not found for key: 'nope'" in files.run().attempt.errors[0].message


def test_a_folder_that_cannot_be_written_fails_the_task(files) -> None:
    files.write("+t:\n  sh>: echo x\n")
    (files.root / "full").write_text("a file, where a folder has to be")

    ran = files.run(scratch=files.root / "full")

    assert ran.attempt.status == "error"
    assert "full" in ran.attempt.errors[0].message
