"""What happens in a run: who waits for whom, what is tried again, what others are told."""

from __future__ import annotations

import json
import threading
from collections import defaultdict

import pytest

from featuremart.errors import UsageError
from featuremart.workflow.clock import Clock
from featuremart.workflow.events import (
    AttemptStarted,
    TaskBlocked,
    TaskRetrying,
    TasksAdded,
    TaskStarted,
)


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


def test_no_task_waits_for_a_poll(files) -> None:
    """A server looks every half second whose turn it is; forty tasks would take twenty seconds."""
    files.write("".join(f"+t{number}: {{echo>: x}}\n" for number in range(40)))

    attempt = files.run().attempt

    assert (attempt.finished_at - attempt.started_at).total_seconds() < 10


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
    lines = {task.full_name: task.place.where.line for task in project.workflow("w").tasks}
    made = defaultdict(set)
    for task in files.run().attempt.tasks:
        made[task.full_name.rpartition("+")[2]].add(task.where.line)

    assert lines == {"+w": 1, "+w+g": 1, "+w+g+a": 2, "+w+g+b": 4}
    assert made["c"] == {7}
    assert made["loop-1"] == {6}
