"""The task sizes that Fargate offers.

Source: "Task CPU and memory" in the Amazon ECS developer guide for Fargate.
"""

from __future__ import annotations

from typing import Any

from featuremart.authoring.refusal import DeclarationError

_GIB = 1024
MEMORY_BY_CPU: dict[int, range | tuple[int, ...]] = {
    256: (512, 1 * _GIB, 2 * _GIB),
    512: range(1 * _GIB, 4 * _GIB + 1, _GIB),
    1024: range(2 * _GIB, 8 * _GIB + 1, _GIB),
    2048: range(4 * _GIB, 16 * _GIB + 1, _GIB),
    4096: range(8 * _GIB, 30 * _GIB + 1, _GIB),
    8192: range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    16384: range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
"""CPU units (1024 a vCPU) -> memory sizes in MiB that go with them."""


def need_cpu(value: Any) -> int:
    """Return CPU units that Fargate offers, or refuse them."""
    if not isinstance(value, int) or isinstance(value, bool) or value not in MEMORY_BY_CPU:
        raise DeclarationError(
            f"Fargate has no task with cpu={value!r}",
            argument="cpu",
            instead=f"write one of {', '.join(map(str, MEMORY_BY_CPU))} (1024 is one vCPU)",
        )
    return value


def need_size(cpu: Any, memory: Any) -> None:
    """Refuse a pair of CPU units and MiB that Fargate does not offer."""
    offered = MEMORY_BY_CPU[need_cpu(cpu)]
    if not isinstance(memory, int) or isinstance(memory, bool) or memory not in offered:
        near = (
            sorted(offered, key=lambda size: abs(size - memory))[:2]
            if isinstance(memory, int)
            else offered[:2]
        )
        raise DeclarationError(
            f"Fargate has no task with cpu={cpu} and memory={memory!r}",
            argument="memory",
            instead=f"write memory={' or '.join(map(str, sorted(near)))}"
            f" (MiB; {offered[0]} to {offered[-1]} go with cpu={cpu})",
        )
