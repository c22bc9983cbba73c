"""The laws of the tasks' states, whatever the workflow and whatever fails."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from featuremart.errors import Where
from featuremart.workflow import Clock
from featuremart.workflow.definition import compile_tasks
from featuremart.workflow.events import TaskFinished
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
