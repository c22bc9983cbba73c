"""What the description of a stopped task means. Pure: a dictionary in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.errors import EXIT_DONE, EXIT_FAILED, EXIT_TRANSIENT, EXIT_USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTAINER = "main"
_OUT_OF_MEMORY = "OutOfMemory"
_KILLED = 137
_TERMINATED = 143
_KNOWN = {EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_TRANSIENT}

_TRANSIENT_START = (
    "Timeout waiting for network interface provisioning",
    "Timeout waiting for EphemeralStorage provisioning",
    "Capacity is unavailable",
    "i/o timeout",
    "TLS handshake timeout",
    "unexpected EOF",
    "InsufficientFreeAddressesInSubnet",
    "Task provisioning failed",
    "Rate exceeded",
    "RequestCanceled",
)
"""Reasons of TaskFailedToStart that go away by themselves; all others need a person."""


@dataclass(frozen=True)
class Verdict:
    """How a task ended.

    Parameters
    ----------
    exit_code
        0 done, 1 failed for good, 2 usage or configuration, 75 transient.
    cause
        One sentence for a person; empty when done.
    out_of_memory
        Whether it was killed for its memory.
    interrupted
        Whether Fargate Spot took the capacity back.
    """

    exit_code: int
    cause: str = ""
    out_of_memory: bool = False
    interrupted: bool = False


def judge(task: Mapping[str, Any]) -> Verdict:
    """Tell how a stopped task ended.

    A missing exit code is never success; neither is an exit code of a container that is not ours.

    Parameters
    ----------
    task
        One entry of DescribeTasks with ``lastStatus`` ``STOPPED``.
    """
    reason = str(task.get("stoppedReason") or "no reason given")
    stop_code = task.get("stopCode")
    containers: list[dict[str, Any]] = task.get("containers", [])
    main: dict[str, Any] = next((c for c in containers if c.get("name") == CONTAINER), {})
    exit_code = main.get("exitCode")
    why = str(main.get("reason") or reason)
    if _OUT_OF_MEMORY in why:
        return Verdict(
            EXIT_FAILED,
            f"out of memory: the task was killed at its {task.get('memory', '?')} MiB",
            out_of_memory=True,
        )
    if stop_code in {"SpotInterruption", "TerminationNotice"}:
        return Verdict(EXIT_TRANSIENT, f"the capacity was taken back: {reason}", interrupted=True)
    if stop_code == "TaskFailedToStart":
        transient = any(text in reason for text in _TRANSIENT_START)
        return Verdict(EXIT_TRANSIENT if transient else EXIT_FAILED, f"the task did not start: {reason}")
    if exit_code is None:
        return Verdict(EXIT_TRANSIENT, f"the task ended without an exit code: {why}")
    if exit_code in _KNOWN:
        # the program has said itself why it ended so; only a reason of the container adds to that
        return Verdict(exit_code, "" if exit_code == EXIT_DONE else str(main.get("reason") or ""))
    if exit_code in {_KILLED, _TERMINATED}:
        return Verdict(EXIT_TRANSIENT, f"the task was killed (exit code {exit_code}): {reason}")
    return Verdict(EXIT_FAILED, f"the task ended with exit code {exit_code}: {why}")
