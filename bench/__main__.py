"""Run every benchmark, each in a process of its own: ``python -m bench [NAME ...]``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ORDER = ("help", "catalog", "engine", "transfer", "step", "year")


def main(names: list[str]) -> int:
    """Run the named benchmarks, all where none is named; return 0 where all of them ended well."""
    found = {path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_")}
    wanted = names or [name for name in ORDER if name in found]
    unknown = sorted(set(wanted) - found)
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(sorted(found))}", file=sys.stderr)
        return 2
    failed = []
    for name in wanted:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
