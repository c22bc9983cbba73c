"""How long ``mart --help`` takes, beside a Python that does nothing: ``python -m bench.help``."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

MART = Path(sys.executable).with_name("mart")
ROUNDS = 15
TARGET_MS = 150


def main() -> int:
    """Measure both, alternating, and print the medians."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "mart --help": [str(MART), "--help"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            taken[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(times) * 1000 for name, times in taken.items()}
    floor = medians["python -c pass"]
    for name, median in medians.items():
        print(f"{name:26} {median:6.0f} ms  {median / floor:5.1f} x the floor")
    met = medians["mart --help"] < TARGET_MS
    print(f"target: under {TARGET_MS} ms: {'met' if met else 'MISSED'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
