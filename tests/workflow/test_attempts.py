"""What happens in a run: who waits for whom, what is tried again, what others are told."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.errors import UsageError, Where
from featuremart.workflow import Sessions
from featuremart.workflow.clock import Clock
from featuremart.workflow.definition import TaskDefinition, compile_tasks
from featuremart.workflow.events import (
    AttemptFinished,
    AttemptStarted,
    TaskBlocked,
    TaskFinished,
    TaskRetrying,
    TasksAdded,
    TaskStarted,
)
from featuremart.workflow.operators.request import Result
from featuremart.workflow.report import Reporter, Secrets
from featuremart.workflow.scope import Session
from featuremart.workflow.state import DONE, FINAL, State
from featuremart.workflow.task_run import Failed, Succeeded
from featuremart.workflow.transitions import Transitions
from featuremart.workflow.yaml_file import Place

HERE = Place(Where("w.dig", 1))


def groups(depth: int):
    task = st.fixed_dictionaries({"echo>": st.just("x")}, optional={"_background": st.just(True)})
    if depth == 0:
        return task
    children = st.lists(st.deferred(lambda: groups(depth - 1)), min_size=1, max_size=4)
    parallel = st.sampled_from([{}, {"_parallel": True}, {"_parallel": {"limit": 2}}, {"_retry": 1}])
    group = st.builds(
        lambda inner, how: {**how, **{f"+t{n}": without_background(one, how) for n, one in enumerate(inner)}},
        children,
        parallel,
    )
    return task | group


def without_background(child: dict, how: dict) -> dict:
    return {key: value for key, value in child.items() if not ("_parallel" in how and key == "_background")}


def transitions_of(config: dict, seen: list) -> Transitions:
    session = Session("w", dt.datetime(2026, 1, 15, tzinfo=dt.UTC), "UTC", "uuid", 1, 2, 3, None, {})
    reporter = Reporter(session, {}, Clock(), Secrets(), seen.append)
    return Transitions(compile_tasks("+w", config, HERE), reporter, Clock())


@settings(max_examples=150, deadline=None)
@given(
    config=st.builds(
        lambda inner: {f"+t{n}": one for n, one in enumerate(inner)},
        st.lists(groups(3), min_size=1, max_size=4),
    ),
    data=st.data(),
)
def test_no_task_starts_before_its_upstreams_end_and_all_end_in_a_final_state(
    config: dict, data: st.DataObject
) -> None:
    events: list = []
    transitions = transitions_of(config, events)
    running: list = []
    while not transitions.done:
        running += transitions.progress()
        if transitions.done:
            break
        for row in running:
            assert all(transitions.table.rows[up].state == State.SUCCESS for up in row.upstreams)
            assert all(parent.state == State.PLANNED for parent in transitions.table.parents(row))
        row = running.pop(data.draw(st.integers(0, len(running) - 1)))
        failed = data.draw(st.sampled_from([False, False, False, True]))
        transitions.ended(row, Failed({"message": "no"}) if failed else Succeeded(Result()))

    states = {row.index: row.state for row in transitions.table.rows}
    assert not running
    assert set(states.values()) <= FINAL
    finished = {event.task.index for event in events if isinstance(event, TaskFinished)}
    assert finished == {index for index, state in states.items() if state in DONE}
    latest = {row.full_name: row for row in transitions.table.rows}
    failed_leaves = [row for row in latest.values() if row.state == State.ERROR]
    assert (transitions.root.state == State.SUCCESS) == (not failed_leaves)


def test_parallel_tasks_run_at_the_same_time(files) -> None:
    """Each of two waits for a file that the other one writes: one after the other they would never end."""
    files.write(
        """
        _parallel: true
        +a:
          sh>: touch ${dir}/a; until test -e ${dir}/b; do sleep 0.01; done
        +b:
          sh>: touch ${dir}/b; until test -e ${dir}/a; do sleep 0.01; done
        """
    )

    assert files.run(params={"dir": str(files.root)}).attempt.success


def test_a_limit_runs_chunks_one_after_the_other(files) -> None:
    files.write(
        """
        +fan:
          _parallel: {limit: 2}
          +a: {echo>: a}
          +b: {echo>: b}
          +c: {echo>: c}
          +d: {echo>: d}
          +e: {echo>: e}
        """
    )

    upstreams = {task.full_name[-1]: task.upstreams for task in files.run().attempt.tasks[2:]}

    assert upstreams == {"a": (), "b": (), "c": (2, 3), "d": (2, 3), "e": (4, 5)}


def test_a_retry_is_told_and_counts_tries_after_the_first(files) -> None:
    files.write(
        """
        +flaky:
          _retry: 2
          sh>: echo try; exit 3
        """
    )

    ran = files.run()

    assert ran.stdout == ["try"] * 3
    assert [(event.retry, event.message) for event in ran.of(TaskRetrying)] == [
        (1, "Command failed with code 3"),
        (2, "Command failed with code 3"),
    ]
    assert [event.retry for event in ran.of(TaskStarted)][:3] == [0, 1, 2]
    flaky = ran.attempt.tasks[1]
    assert (str(flaky.state), flaky.state_params, flaky.message) == (
        "error",
        {"retry_count": 2},
        "Command failed with code 3 (runtime)",
    )


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        ("{limit: 3, interval: 2}", [2, 2, 2]),
        ("{limit: 3, interval: 2, interval_type: exponential}", [2, 4, 8]),
        ("{limit: 3, interval: 2, interval_type: exponential, max_interval: 3}", [2, 3, 3]),
        ("'1'", [0]),
    ],
)
def test_a_retry_waits_as_it_is_told(files, retry: str, waits: list[int]) -> None:
    files.write(f"+flaky:\n  _retry: {retry}\n  sh>: exit 1\n")

    ran = files.run(clock=Clock(speed=1000))

    assert [event.seconds for event in ran.of(TaskRetrying)] == waits


def test_a_check_of_a_group_never_runs_and_that_of_a_task_does(files) -> None:
    files.write(
        """
        _check: {fail>: workflow}
        +group:
          _check: {fail>: group}
          +task:
            _check: {echo>: checked}
            echo>: done
        """
    )

    assert files.run().stdout == ["done", "checked"]


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


def test_an_sla_that_cannot_be_read_stops_the_start(files) -> None:
    files.write("sla: {fail: true}\n+t: {echo>: x}\n")

    with pytest.raises(UsageError, match="either the 'time' or 'duration' option") as refused:
        files.run()

    assert str(refused.value.where) == "workflows/w.dig:1"


def test_events_tell_the_whole_story_as_lines_of_json(files) -> None:
    files.write("+a: {sh>: 'printf one; echo two'}\n+b: {fail>: no}\n+c: {loop>: 1, _do: {echo>: x}}\n")

    ran = files.run()

    lines = [json.loads(json.dumps(event.as_json())) for event in ran.events]
    assert [line["event"] for line in lines] == [
        *("attempt_started", "task_started", "task_output", "task_finished", "task_started", "task_finished"),
        *(
            "tasks_added",
            "task_started",
            "task_finished",
            "task_finished",
            "task_blocked",
            "attempt_finished",
        ),
    ]
    assert lines[2] == {
        "event": "task_output",
        "time": lines[2]["time"],
        "workflow": "w",
        "task": "+w+a",
        "text": "onetwo\n",
    }
    assert [len(line["attempt"]["tasks"]) for line in (lines[0], lines[-1])] == [4, 5]
    assert ran.of(AttemptStarted)[0].attempt.status == "running"
    assert [event.task.full_name for event in ran.of(TaskBlocked)] == ["+w+c"]
    assert [task.full_name for event in ran.of(TasksAdded) for task in event.tasks] == ["+w^failure-alert"]
    assert ran.attempt.exit_code == 1


def test_a_program_error_in_a_listener_ends_the_run_and_its_commands(files) -> None:
    files.write("+t:\n  sh>: echo begun; sleep 60\n")

    def listener(event) -> None:
        if event.name == "task_output":
            raise LookupError(event.text)

    with pytest.raises(LookupError, match="begun"):
        files.run(on_event=listener)

    assert not [thread for thread in threading.enumerate() if thread.name == "+w+t" and join(thread)]


def join(thread: threading.Thread) -> bool:
    thread.join(timeout=10)
    return thread.is_alive()


def test_compiled_tasks_name_their_place(files) -> None:
    files.write("+g:\n  +a:\n    echo>: x\n  +b:\n    loop>: 2\n    _do:\n      +c:\n        echo>: y\n")

    project = files.load()
    tasks: dict[str, TaskDefinition] = {task.full_name: task for task in project.workflow("w").tasks}
    lines = {name: task.place.where.line for name, task in tasks.items()}
    made = defaultdict(set)
    for task in files.run().attempt.tasks:
        made[task.full_name.rpartition("+")[2]].add(task.where.line)

    assert lines == {"+w": 1, "+w+g": 1, "+w+g+a": 2, "+w+g+b": 4}
    assert made["c"] == {7}
    assert made["loop-1"] == {6}
