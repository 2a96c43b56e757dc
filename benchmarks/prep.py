"""Data preparation beside its peers, in parts: ``python3 dev.py bench prep [PART ...] [--small]``.

Each part is a module of ``benchmarks/preparing`` and is measured in a process of its own. Without a name all parts run;
``--small`` takes less data, to see that a part works: its figures say nothing.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import print_machine

FOLDER = Path(__file__).resolve().parent / "preparing"
NO_PARTS = ("__init__", "memory")


def parts() -> list[str]:
    """The modules that have ``run``, by name."""
    found = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NO_PARTS)
    return [name for name in found if "\ndef run(" in (FOLDER / f"{name}.py").read_text(encoding="utf-8")]


def main(arguments: list[str]) -> int:
    small = "--small" in arguments
    wanted = [name for name in arguments if not name.startswith("--")]
    if unknown := [name for name in wanted if name not in parts()]:
        print(f"no part {unknown[0]!r}; there is: {', '.join(parts())}", file=sys.stderr)
        return 2
    if "--here" in arguments:
        for name in wanted:
            importlib.import_module(f"benchmarks.preparing.{name}").run(small=small)
        return 0
    print_machine()
    failed = False
    for name in wanted or parts():
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", "benchmarks.prep", "--here", name, *(["--small"] if small else [])]
        failed |= bool(subprocess.run(command, cwd=FOLDER.parents[1], check=False).returncode)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
