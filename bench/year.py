"""A year by one ``mart run --from --to``, beside a week: ``python -m bench.year``.

Both begin with an empty lake and an empty mart, on servers of their own, and go the whole way: extract, transform,
load, publish. A year that were run as 52 weeks would cost 52 times as much.
"""

from __future__ import annotations

import re
import sys

from bench.mart_copy import MartCopy, mart_copy

WEEK = ("2013-01-01", "2013-01-07")
YEAR = ("2013-01-01", "2013-12-31")
TARGET = 3.0
_TASK = re.compile(r"^(\S+): success after ([\d.]+) s$", re.MULTILINE)


def main() -> int:
    """Run the week and the year, and print the ratio."""
    taken = {}
    for name, (first, last) in (("week", WEEK), ("year", YEAR)):
        with mart_copy() as copy:
            taken[name] = copy.mart("run", "flight_delay", "--from", first, "--to", last)
            slowest = _slowest_tasks(copy, first, last)
            again = copy.mart("run", "flight_delay", "--from", first, "--to", last)
            print(f"{name}: {taken[name]:.1f} s; run again, with nothing to do: {again:.2f} s", flush=True)
            for task, seconds in slowest:
                print(f"    {task:45} {seconds:>7} s")
    ratio = taken["year"] / taken["week"]
    print(f"year / week: {ratio:.2f}; target: at most {TARGET}: {'met' if ratio <= TARGET else 'MISSED'}")
    return 0


def _slowest_tasks(copy: MartCopy, first: str, last: str) -> list[tuple[str, str]]:
    log = (copy.root / f"run-flight_delay---from-{first}---to-{last}.log").read_text(encoding="utf-8")
    return sorted(_TASK.findall(log), key=lambda found: -float(found[1]))[:8]


if __name__ == "__main__":
    sys.exit(main())
