"""What to launch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True)
class Launch:
    """One launch of a task.

    Parameters
    ----------
    cluster
        ECS cluster.
    family
        Task definition family, for example ``featuremart-worker-flight_delay``.
    command
        What the image's entry point gets: the URI of a request.
    cpu, memory
        ECS units (1024 a vCPU) and MiB.
    spot
        Whether Fargate Spot is tried first.
    deadline
        The task is stopped when it runs longer.
    run, task, attempt
        Who asks. With ``generation`` they make the client token.
    generation
        Raised by one after a launch that is known to be dead: the token of a stopped task returns that dead task.
    subnets, security_groups
        Where the task's network interface is put.
    """

    cluster: str
    family: str
    command: tuple[str, ...]
    cpu: int
    memory: int
    spot: bool
    deadline: dt.timedelta
    run: str
    task: str
    attempt: str
    generation: int = 0
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()

    @property
    def client_token(self) -> str:
        """Return the idempotency token: the same launch asked twice is one task (at most 64 characters)."""
        text = f"{self.run}\0{self.task}\0{self.attempt}\0{self.generation}"
        return hashlib.sha256(text.encode()).hexdigest()[:64]

    @property
    def started_by(self) -> str:
        """Return the mark by which the tasks of this launch are found again (at most 36 characters)."""
        text = f"{self.run}\0{self.task}\0{self.attempt}"
        return "featuremart-" + hashlib.sha256(text.encode()).hexdigest()[:20]
