"""Task definitions: families, revisions, and the sizes that Fargate has."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from featuremart.local.ecs.refusals import Refusal, client_error, invalid

if TYPE_CHECKING:
    from pathlib import Path

_GIB = 1024
FARGATE_MEMORY = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""CPU units -> MiB of memory that Fargate runs with them."""

_NOT_HERE = ("secrets", "environmentFiles", "dependsOn", "volumesFrom")
"""What a container definition may say in the cloud and nothing does here: refused rather than passed over."""


def check_size(cpu: Any, memory: Any) -> tuple[int, int]:
    """Read a pair of sizes.

    Raises
    ------
    Refusal
        Where Fargate has no such pair.
    """
    for name, value in (("cpu", cpu), ("memory", memory)):
        if value in {None, ""}:
            raise client_error(f"Fargate requires that '{name}' be defined at the task level.")
    if not (str(cpu).isdecimal() and str(memory).isdecimal()) or int(memory) not in FARGATE_MEMORY.get(
        int(cpu), ()
    ):
        raise client_error(
            f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
            "See the Amazon ECS documentation for the valid values."
        )
    return int(cpu), int(memory)


class TaskDefinitions:
    """All families, kept in a file.

    Parameters
    ----------
    file
        JSON; read if it is there, written at each registration.
    arn_prefix
        ``arn:aws:ecs:<region>:<account>``.
    """

    def __init__(self, file: Path, arn_prefix: str) -> None:
        self._file = file
        self._prefix = arn_prefix
        self._lock = threading.Lock()
        self._families: dict[str, list[dict[str, Any]]] = (
            json.loads(file.read_text()) if file.exists() else {}
        )

    def register(self, request: dict[str, Any]) -> dict[str, Any]:
        """Add a revision and return it.

        Raises
        ------
        Refusal
            Where ECS, or this server, would not run it.
        """
        family = request.get("family") or ""
        containers = request.get("containerDefinitions") or []
        _check(family, containers)
        cpu, memory = check_size(request.get("cpu"), request.get("memory"))
        with self._lock:
            revisions = self._families.setdefault(family, [])
            revision = len(revisions) + 1
            definition = {
                **{key: value for key, value in request.items() if key != "tags"},
                "cpu": str(cpu),
                "memory": str(memory),
                "revision": revision,
                "status": "ACTIVE",
                "taskDefinitionArn": f"{self._prefix}:task-definition/{family}:{revision}",
                "registeredAt": time.time(),
            }
            revisions.append(definition)
            beside = self._file.with_suffix(".new")
            beside.write_text(json.dumps(self._families, indent=1))
            beside.replace(self._file)
        return definition

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a definition by ``family``, ``family:revision`` or ARN; the latest where no revision is named."""
        family, _, revision = name.rpartition("task-definition/")[2].partition(":")
        revisions = self._families.get(family, [])
        if not revision:
            return revisions[-1] if revisions else None
        return next((one for one in revisions if str(one["revision"]) == revision), None)

    def arns(self, family_prefix: str | None = None) -> list[str]:
        """Return the ARNs of all revisions, of one family or of all."""
        return [
            one["taskDefinitionArn"]
            for family, revisions in sorted(self._families.items())
            if family_prefix in {None, family}
            for one in revisions
        ]


def _check(family: str, containers: list[dict[str, Any]]) -> None:
    if not family:
        raise client_error("Family should not be null or empty.")
    if not containers:
        raise client_error("Container list cannot be empty.")
    if len(containers) > 1:
        raise client_error("The ECS server of this machine runs one container a task.")
    container = containers[0]
    if not container.get("name") or not container.get("image"):
        raise client_error("Container.name and Container.image should not be null or empty.")
    for key in _NOT_HERE:
        if container.get(key):
            raise client_error(f"The ECS server of this machine does not carry out {key!r} of a container.")
    driver = (container.get("logConfiguration") or {}).get("logDriver", "awslogs")
    if driver != "awslogs":
        raise client_error(f"The ECS server of this machine has no log driver {driver!r}.")


def container_of(definition: dict[str, Any], overrides: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a definition's container with the overrides of a request put over it.

    Raises
    ------
    Refusal
        For an override of a container that there is not.
    """
    container = dict(definition["containerDefinitions"][0])
    for override in overrides:
        if override.get("name") != container["name"]:
            raise _no_such_container(override.get("name"))
        if "command" in override:
            container["command"] = override["command"]
        merged = {pair["name"]: pair["value"] for pair in container.get("environment", [])}
        merged |= {pair["name"]: pair["value"] for pair in override.get("environment", [])}
        container["environment"] = [{"name": name, "value": value} for name, value in merged.items()]
    return container


def _no_such_container(name: Any) -> Refusal:
    return invalid(f"Override for container named {name} is not a container in the TaskDefinition.")
