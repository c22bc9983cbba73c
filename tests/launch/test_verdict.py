"""What a stopped task's description means."""

from __future__ import annotations

from typing import Any

import pytest

from featuremart.launch.verdict import judge


def stopped(
    exit_code: int | None = None,
    *,
    reason: str = "Essential container in task exited",
    code: str = "EssentialContainerExited",
    why: str | None = None,
) -> dict[str, Any]:
    main: dict[str, Any] = {"name": "main"}
    if exit_code is not None:
        main["exitCode"] = exit_code
    if why is not None:
        main["reason"] = why
    return {
        "lastStatus": "STOPPED",
        "stopCode": code,
        "stoppedReason": reason,
        "memory": "4096",
        "containers": [main],
    }


@pytest.mark.parametrize("exit_code", [0, 1, 2, 75])
def test_the_worker_s_own_exit_code_is_the_verdict(exit_code: int) -> None:
    assert judge(stopped(exit_code)).exit_code == exit_code


@pytest.mark.parametrize(
    ("task", "exit_code", "cause"),
    [
        (stopped(None), 75, "without an exit code"),
        (stopped(3), 1, "exit code 3"),
        (stopped(137), 75, "was killed"),
        (stopped(143, code="UserInitiated", reason="asked to"), 75, "asked to"),
        (stopped(137, why="OutOfMemoryError: Container killed due to memory usage"), 1, "4096 MiB"),
        (stopped(143, code="SpotInterruption", reason="Your Spot Task was interrupted."), 75, "taken back"),
        (
            stopped(
                None,
                code="TaskFailedToStart",
                reason="Timeout waiting for network interface provisioning to complete.",
            ),
            75,
            "did not start",
        ),
        (
            stopped(None, code="TaskFailedToStart", reason="CannotPullContainerError: pull access denied"),
            1,
            "pull access denied",
        ),
    ],
)
def test_every_other_end_is_told_apart(task: dict[str, Any], exit_code: int, cause: str) -> None:
    verdict = judge(task)
    assert verdict.exit_code == exit_code
    assert cause in verdict.cause


def test_a_sidecar_that_failed_is_not_the_task_and_a_sidecar_that_ended_well_is_not_success() -> None:
    task = stopped(0)
    task["containers"].append({"name": "agent", "exitCode": 9})
    assert judge(task).exit_code == 0
    lonely = stopped(None)
    lonely["containers"].append({"name": "agent", "exitCode": 0})
    assert judge(lonely).exit_code == 75


def test_out_of_memory_and_interruption_are_marked() -> None:
    assert judge(stopped(137, why="OutOfMemoryError: killed")).out_of_memory
    assert judge(stopped(143, code="SpotInterruption")).interrupted
