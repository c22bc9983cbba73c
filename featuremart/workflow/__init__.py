"""Workflows: Digdag's language, read, checked and run here as a Digdag server does it.

Load a directory of ``.dig`` files, all problems in one error::

    project = load_project(Path("workflows"))
    workflow = project.workflow("flight_delay")

What ``mart check`` asks for::

    find_problems(Path("workflows"))         # everything, with file and line; also what would only fail in a run
    operator_problems(project, workflow)     # operators that are not run here
    commands(project, workflow)              # the commands of `sh>`, with task, file and line
    workflow.schedule, workflow.timezone, workflow.tasks, workflow.failure_task

Which session makes which partition day (day D belongs to the session of D + 1; a range has one of its own)::

    workflow.session_for_day(day)
    session_for_range(days, workflow.timezone), range_params(days)
    workflow.schedule.first(now), workflow.schedule.next(session), workflow.schedule.last(session)

Run one. Events come one at a time, from whichever thread; a failed task is no exception::

    cancellation = Cancellation()
    with cancel_on_signals(cancellation):
        attempt = run(project, workflow, session_time, params, on_event=show, cancellation=cancellation)
    attempt.status      # "success", "error" or "killed"
    attempt.errors      # the tasks that failed, with message, file and line
    attempt.tasks       # all of them, as a Digdag server would list them

The events are the frozen dataclasses of :mod:`featuremart.workflow.events`: ``AttemptStarted``, ``TasksAdded``,
``TaskStarted``, ``TaskOutput``, ``TaskRetrying``, ``TaskFinished``, ``TaskBlocked``, ``AttemptFinished``; each has
``as_json()``. Commands run in process groups of their own; a request to stop ends them and all they started.

How a task gets from the file to its end::

    yaml_file -> project -> definition        text, top level, tasks with parents and upstreams
    runner -> attempt -> transitions, state   sessions, threads, states
    scope -> expressions -> operators         what a task sees, evaluated, and what it does
    processes                                 commands, and their end
"""

from __future__ import annotations

from featuremart.workflow.cancellation import Cancellation, cancel_on_signals
from featuremart.workflow.check import Command, commands, late_problems, operator_problems
from featuremart.workflow.clock import Clock
from featuremart.workflow.events import Attempt, Event, Task
from featuremart.workflow.project import Project, Workflow, find_problems, load_project
from featuremart.workflow.runner import Sessions, run
from featuremart.workflow.sessions import partition_day, range_params, session_for_day, session_for_range

__all__ = [
    "Attempt",
    "Cancellation",
    "Clock",
    "Command",
    "Event",
    "Project",
    "Sessions",
    "Task",
    "Workflow",
    "cancel_on_signals",
    "commands",
    "find_problems",
    "late_problems",
    "load_project",
    "operator_problems",
    "partition_day",
    "range_params",
    "run",
    "session_for_day",
    "session_for_range",
]
