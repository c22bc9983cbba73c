"""The states of a task: only forwards, and what happened once stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featuremart.local.ecs import task as states
from featuremart.local.ecs.task import ORDER, Task, WrongOrder

TASK = Task(
    id="1",
    arn="arn:aws:ecs:us-east-1:123456789012:task/team/1",
    cluster="team",
    definition_arn="arn:aws:ecs:us-east-1:123456789012:task-definition/shell:1",
    family="shell",
    container="main",
    image="embulk",
    command=(),
    environment={},
    cpu=256,
    memory=512,
    created_at=0.0,
)
STEPS = {
    "pending": states.pending,
    "running": states.running,
    "stopped by user": lambda task, now: states.stop_asked(task, now, code="UserInitiated", reason="enough"),
    "interrupted": lambda task, now: states.stop_asked(
        task, now, code="SpotInterruption", reason="interrupted"
    ),
    "ended": lambda task, now: states.ended(task, now, exit_code=0),
    "killed": lambda task, now: states.ended(task, now, exit_code=137, reason=states.OUT_OF_MEMORY),
    "failed": lambda task, now: states.failed_to_start(task, now, "CannotPullContainerError: no"),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_whatever_happens_in_any_order_the_story_stays_true(steps):
    task = TASK
    for now, step in enumerate(steps, start=1):
        before = task
        try:
            task = STEPS[step](task, float(now))
        except WrongOrder:
            assert task is before
            continue
        assert ORDER.index(task.status) >= ORDER.index(before.status)
        if before.status == "STOPPED":
            assert task == before
        for fact in ("stop_code", "stopped_reason", "started_at", "stopping_at", "stopped_at", "exit_code"):
            if getattr(before, fact) is not None:
                assert getattr(task, fact) == getattr(before, fact), "what happened once was changed"
        assert (task.version > before.version) == (task != before)
    if task.status == "STOPPED":
        assert task.desired == "STOPPED"
        assert task.stop_code
        assert task.stopped_reason
        assert task.stopping_at <= task.stopped_at


def test_the_first_to_ask_for_the_stop_is_the_reason():
    running = states.running(states.pending(TASK, 1.0), 2.0)
    asked = states.stop_asked(running, 3.0, code="UserInitiated", reason="enough")
    again = states.stop_asked(asked, 4.0, code="SpotInterruption", reason="interrupted")
    ended = states.ended(again, 5.0, exit_code=143)
    assert (ended.stop_code, ended.stopped_reason, ended.stopping_at) == ("UserInitiated", "enough", 3.0)


def test_a_container_that_ends_by_itself_says_so():
    ended = states.ended(states.running(states.pending(TASK, 1.0), 2.0), 3.0, exit_code=7)
    assert (ended.stop_code, ended.stopped_reason) == ("EssentialContainerExited", states.EXITED)
    assert (ended.exit_code, ended.container_reason) == (7, None)


def test_what_did_not_start_has_no_exit_code():
    failed = states.failed_to_start(states.pending(TASK, 1.0), 2.0, "CannotPullContainerError: no")
    assert (failed.stop_code, failed.exit_code, failed.started_at) == ("TaskFailedToStart", None, None)


def test_a_stopped_task_does_not_run_again():
    with pytest.raises(WrongOrder, match="STOPPED cannot become RUNNING"):
        states.running(states.ended(TASK, 1.0, exit_code=None), 2.0)
