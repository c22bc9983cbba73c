"""The calls of ECS: clusters, task definitions, tasks."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from featuremart.local.ecs import journal as journals
from featuremart.local.ecs import refusals, wire
from featuremart.local.ecs.runner import Runner, Surroundings
from featuremart.local.ecs.task import STOPPED_BY_USER, LogTarget, Script, Task
from featuremart.local.ecs.task_definitions import TaskDefinitions, check_size, container_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mypy_boto3_logs import CloudWatchLogsClient

    from featuremart.local.home import Home

ACCOUNT = "123456789012"
PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_LONGEST_STOP_TIMEOUT = 120
Answer = dict[str, Any]


class Control:
    """All that one ECS server knows and does.

    Parameters
    ----------
    home
        Journal, images, working directory of the tasks.
    region, aws_endpoint
        What tasks are told about AWS.
    logs
        Where their output goes.
    """

    def __init__(self, home: Home, *, region: str, aws_endpoint: str, logs: CloudWatchLogsClient) -> None:
        self._prefix = f"arn:aws:ecs:{region}:{ACCOUNT}"
        self._journal = journals.Journal(home.ecs / "tasks")
        self._definitions = TaskDefinitions(home.ecs / "task_definitions.json", self._prefix)
        self._clusters_file = home.ecs / "clusters"
        self._clusters = (
            set(self._clusters_file.read_text().split()) if self._clusters_file.exists() else set()
        )
        self._around = Surroundings(home, region, aws_endpoint, logs, self._changed)
        self._lock = threading.RLock()
        self._runners: dict[str, Runner] = {}
        self.calls: dict[str, Callable[[Answer], Answer]] = {
            "CreateCluster": self._create_cluster,
            "DescribeClusters": self._describe_clusters,
            "RegisterTaskDefinition": self._register_task_definition,
            "DescribeTaskDefinition": self._describe_task_definition,
            "ListTaskDefinitions": self._list_task_definitions,
            "RunTask": self.run_task,
            "DescribeTasks": self._describe_tasks,
            "ListTasks": self._list_tasks,
            "StopTask": self._stop_task,
            "TagResource": self._tag_resource,
            "ListTagsForResource": self._list_tags,
        }

    def restore(self) -> None:
        """Take up the tasks of the last time: those that run are watched again, none is left to itself."""
        for task in self._journal.read():
            if journals.is_old(task):
                self._journal.forget(task)
                continue
            runner = self._runners[task.id] = Runner(task, self._journal.folder_of(task.id), self._around)
            if task.status != "STOPPED":
                runner.start()

    def close(self, within: float) -> None:
        """Stop all tasks and wait for them; what a task does not end by itself in time, its own timeout ends."""
        running = [runner for runner in self._runners.values() if runner.task.status != "STOPPED"]
        for runner in running:
            runner.stop(code="UserInitiated", reason="the local ECS server was stopped")
        deadline = time.monotonic() + within
        for runner in running:
            runner.join(max(0.0, deadline - time.monotonic()))

    def families_of(self, call: str, request: Answer) -> list[str]:
        """Return which task definition families a request is about."""
        if call == "RunTask":
            definition = self._definitions.find(str(request.get("taskDefinition", "")))
            return [definition["family"]] if definition else []
        named = [*request.get("tasks", ()), *filter(None, [request.get("task")])]
        found = [self._runners.get(_id_of(name)) for name in named]
        families = [runner.task.family for runner in found if runner]
        return [*families, request["family"]] if request.get("family") else families

    def run_task(self, document: Answer, script: Script | None = None) -> Answer:
        """Start tasks, or return those that the same request with the same token started before.

        Parameters
        ----------
        document
            As sent.
        script
            What is to go wrong with the tasks.
        """
        request = wire.parse(wire.RunTask, document)
        with self._lock:
            cluster = self._cluster(request.cluster)
            before = self._of_token(cluster, request)
            if before:
                return self._tasks_answer(before)
            self._forget_old()
            made = [self._make(request, cluster, document, script or Script()) for _ in range(request.count)]
            for task in made:
                try:
                    self._journal.write(task)
                except OSError as error:
                    raise refusals.server_error(f"a task cannot be written down: {error}") from error
                self._runners[task.id] = Runner(task, self._journal.folder_of(task.id), self._around)
            answer = self._tasks_answer(made)
            for task in made:
                self._runners[task.id].start()
        return answer

    def _of_token(self, cluster: str, request: wire.RunTask) -> list[Task]:
        """Return the tasks that a token stands for already; stopped ones too, as in the cloud."""
        if not request.client_token:
            return []
        same = [
            task for task in self._tasks() if task.cluster == cluster and task.token == request.client_token
        ]
        if any(task.request != request.digest() for task in same):
            raise refusals.token_in_use([task.arn for task in same])
        return same

    def _make(self, request: wire.RunTask, cluster: str, document: Answer, script: Script) -> Task:
        definition = self._definitions.find(request.task_definition)
        if definition is None:
            raise refusals.client_error("TaskDefinition not found.")
        if definition.get("networkMode") == "awsvpc" and not request.network_configuration:
            raise refusals.invalid(
                "Network Configuration must be provided when networkMode 'awsvpc' is specified."
            )
        overrides = document.get("overrides", {})
        container = container_of(definition, overrides.get("containerOverrides", []))
        cpu, memory = check_size(
            request.overrides.cpu or definition["cpu"], request.overrides.memory or definition["memory"]
        )
        task_id = uuid.uuid4().hex
        return Task(
            id=task_id,
            arn=f"{self._prefix}:task/{cluster}/{task_id}",
            cluster=cluster,
            definition_arn=definition["taskDefinitionArn"],
            family=definition["family"],
            container=container["name"],
            image=container["image"],
            command=tuple(container.get("command", ())),
            environment={pair["name"]: pair["value"] for pair in container.get("environment", ())},
            cpu=cpu,
            memory=memory,
            stop_timeout=min(container.get("stopTimeout", 30), _LONGEST_STOP_TIMEOUT),
            log=_log_target(container, task_id),
            overrides=overrides,
            tags=wire.tag_map(request.tags),
            group=request.group or f"family:{definition['family']}",
            started_by=request.started_by,
            capacity_provider=_provider(request),
            token=request.client_token,
            request=request.digest(),
            script=script,
            created_at=time.time(),
        )

    def _describe_tasks(self, document: Answer) -> Answer:
        request = wire.parse(wire.DescribeTasks, document)
        self._cluster(request.cluster)
        found, missing = [], []
        for name in request.tasks:
            runner = self._runners.get(_id_of(name))
            if runner is None or journals.is_old(runner.task):
                missing.append(self._missing(request.cluster, name))
            else:
                found.append(runner.task)
        return {**self._tasks_answer(found, with_tags="TAGS" in request.include), "failures": missing}

    def missing_tasks(self, document: Answer) -> Answer:
        """Answer DescribeTasks as if none of the tasks were known."""
        request = wire.parse(wire.DescribeTasks, document)
        return {"tasks": [], "failures": [self._missing(request.cluster, name) for name in request.tasks]}

    def _missing(self, cluster: str, name: str) -> Answer:
        arn = name if name.startswith("arn:") else f"{self._prefix}:task/{_id_of(cluster)}/{name}"
        return {"arn": arn, "reason": "MISSING"}

    def _list_tasks(self, document: Answer) -> Answer:
        request = wire.parse(wire.ListTasks, document)
        cluster = self._cluster(request.cluster)
        if request.started_by is not None and (request.family or request.launch_type):
            raise refusals.invalid("startedBy must be the only filter")
        arns = [
            task.arn
            for task in self._tasks()
            if task.cluster == cluster
            and task.desired == request.desired_status
            and request.family in {None, task.family}
            and request.started_by in {None, task.started_by}
            and request.launch_type in {None, "FARGATE"}
        ]
        start = int(request.next_token or 0)
        answer: Answer = {"taskArns": arns[start : start + request.max_results]}
        if start + request.max_results < len(arns):
            answer["nextToken"] = str(start + request.max_results)
        return answer

    def _stop_task(self, document: Answer) -> Answer:
        request = wire.parse(wire.StopTask, document)
        self._cluster(request.cluster)
        runner = self._runners.get(_id_of(request.task))
        if runner is None:
            raise refusals.invalid("The referenced task was not found.")
        if runner.task.status != "STOPPED":
            runner.stop(code="UserInitiated", reason=request.reason or STOPPED_BY_USER)
        return {"task": self._tasks_answer([runner.task])["tasks"][0]}

    def _create_cluster(self, document: Answer) -> Answer:
        name = str(document.get("clusterName") or "default")
        with self._lock:
            if name not in self._clusters:
                self._clusters.add(name)
                beside = self._clusters_file.with_suffix(".new")
                beside.write_text("\n".join(sorted(self._clusters)))
                beside.replace(self._clusters_file)
        return {"cluster": self._describe_cluster(name)}

    def _describe_clusters(self, document: Answer) -> Answer:
        names = [_id_of(name) for name in document.get("clusters") or ["default"]]
        missing = [name for name in names if name not in self._clusters]
        return {
            "clusters": [self._describe_cluster(name) for name in names if name in self._clusters],
            "failures": [{"arn": self._cluster_arn(name), "reason": "MISSING"} for name in missing],
        }

    def _describe_cluster(self, name: str) -> Answer:
        status = [task.status for task in self._tasks() if task.cluster == name]
        return {
            "clusterArn": self._cluster_arn(name),
            "clusterName": name,
            "status": "ACTIVE",
            "runningTasksCount": status.count("RUNNING"),
            "pendingTasksCount": status.count("PENDING") + status.count("PROVISIONING"),
            "activeServicesCount": 0,
            "registeredContainerInstancesCount": 0,
            "capacityProviders": list(PROVIDERS),
        }

    def _register_task_definition(self, document: Answer) -> Answer:
        return {"taskDefinition": self._definitions.register(document), "tags": document.get("tags", [])}

    def _describe_task_definition(self, document: Answer) -> Answer:
        definition = self._definitions.find(str(document.get("taskDefinition", "")))
        if definition is None:
            raise refusals.client_error("Unable to describe task definition.")
        return {"taskDefinition": definition}

    def _list_task_definitions(self, document: Answer) -> Answer:
        return {"taskDefinitionArns": self._definitions.arns(document.get("familyPrefix"))}

    def _tag_resource(self, document: Answer) -> Answer:
        self._runner_of(document).tag(wire.tag_map(document.get("tags", [])))
        return {}

    def _list_tags(self, document: Answer) -> Answer:
        return {"tags": wire.tag_list(self._runner_of(document).task.tags)}

    def _runner_of(self, document: Answer) -> Runner:
        runner = self._runners.get(_id_of(str(document.get("resourceArn", ""))))
        if runner is None:
            raise refusals.invalid("The specified resource was not found.")
        return runner

    def _tasks(self) -> Iterable[Task]:
        return sorted(
            (runner.task for runner in list(self._runners.values())), key=lambda task: task.created_at
        )

    def _tasks_answer(self, tasks: Iterable[Task], *, with_tags: bool = False) -> Answer:
        shown = [
            wire.describe(task, cluster_arn=self._cluster_arn(task.cluster), with_tags=with_tags)
            for task in tasks
        ]
        return {"tasks": shown, "failures": []}

    def _cluster(self, name: str) -> str:
        """Return a cluster's short name."""
        short = _id_of(name)
        if short not in self._clusters:
            raise refusals.cluster_not_found()
        return short

    def _cluster_arn(self, name: str) -> str:
        return f"{self._prefix}:cluster/{name}"

    def _forget_old(self) -> None:
        for runner in [one for one in self._runners.values() if journals.is_old(one.task)]:
            self._journal.forget(runner.task)
            del self._runners[runner.task.id]

    def _changed(self, task: Task) -> None:
        try:
            self._journal.write(task)
        except OSError:
            # The task goes on: a full disk only means that a killed server would know an older state of it.
            logging.getLogger(__name__).exception("task %s cannot be written down", task.id)


def _id_of(name: str) -> str:
    """Return the last part of an ARN, or the name itself."""
    return name.rpartition("/")[2]


def _provider(request: wire.RunTask) -> str | None:
    strategy = request.capacity_provider_strategy
    if strategy and request.launch_type:
        raise refusals.invalid("Specify either launchType or capacityProviderStrategy, not both.")
    for part in strategy:
        if part.capacity_provider not in PROVIDERS:
            raise refusals.invalid(
                f"The specified capacity provider '{part.capacity_provider}' was not found."
            )
    if request.launch_type not in {None, "FARGATE"}:
        raise refusals.invalid("The ECS server of this machine runs tasks of launchType FARGATE.")
    return max(strategy, key=lambda part: part.weight).capacity_provider if strategy else None


def _log_target(container: Answer, task_id: str) -> LogTarget | None:
    options = (container.get("logConfiguration") or {}).get("options", {})
    if "awslogs-group" not in options:
        return None
    return LogTarget(
        group=options["awslogs-group"],
        stream=f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{task_id}",
        create_group=options.get("awslogs-create-group") == "true",
    )
