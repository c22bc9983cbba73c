"""``require>``: another workflow has to have run for a session; it is run where it has not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.operators.request import Requirement, Result, TaskFailed
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.operators.request import TaskRequest

_RERUN_ON = frozenset({"none", "failed", "all"})


def require(request: TaskRequest) -> Result:
    """Run another workflow of the project for a session, or wait for it, or find it done."""
    config, local = request.config, request.local
    name = values.text(config, "_command")
    when = _moment(values.text(config, "session_time"))
    ignore_failure = values.boolean(config, "ignore_failure", default=False)
    rerun_on = values.optional_text(config, "rerun_on") or "none"
    if rerun_on not in _RERUN_ON:
        raise ConfigError(f"invalid rerun_on option:{rerun_on}")
    _refuse_other_project(request, name)
    if name not in request.services.project.workflows:
        project = request.services.session.project_id
        raise TaskFailed(f"Dependent workflow does not exist. projectId: {project}, workflowName:{name}")
    retry_attempt_name = values.optional_text(local, "retry_attempt_name")
    params = values.nested_or_empty(config, "params")
    done = request.services.requires(Requirement(name, when, retry_attempt_name, params, rerun_on))
    if not done.success and not ignore_failure:
        raise TaskFailed(
            f"Dependent workflow failed. Session id: {done.session_id}, attempt id: {done.attempt_id}"
        )
    return Result(state_params={"require_kicked": True, "retry": 1} if done.started else None)


def _refuse_other_project(request: TaskRequest, name: str) -> None:
    project_name = values.optional_text(request.local, "project_name")
    project_id = values.optional_integer(request.local, "project_id")
    if project_name is not None and project_id is not None:
        raise ConfigError("Both project_id and project_name can't be set")
    if project_name is not None:
        raise TaskFailed(
            f"Dependent workflow does not exist. projectName: {project_name}, workflowName:{name}"
        )
    if project_id is not None and project_id != request.services.session.project_id:
        raise TaskFailed(f"Dependent workflow does not exist. projectId: {project_id}, workflowName:{name}")


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"session_time is no time with a time zone: {text}", "session_time") from error
    if moment.tzinfo is None:
        raise ConfigError(f"session_time has no time zone: {text}", "session_time")
    return moment.astimezone(dt.UTC)
