"""What ``import instar`` costs: CPU time of a fresh Python with it, less that of one without, warm files."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

from benchmarks.figures import Sample, compare, print_machine, print_table, verdict

HEAVY = ("pandas", "polars", "duckdb", "sqlalchemy", "sklearn")
CPU = "import time; print(time.process_time() * 1000)"


def milliseconds(code: str) -> float:
    """CPU time of a fresh interpreter that runs ``code``, start-up included."""
    done = subprocess.run([sys.executable, "-c", f"{code}\n{CPU}"], capture_output=True, text=True, check=True)
    return float(done.stdout)


def loaded(code: str) -> list[str]:
    """Which of the heavy libraries are in ``sys.modules`` after ``code``."""
    script = f"{code}\nimport sys, json\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def main() -> None:
    print_machine()
    statements = {
        "bare Python": "pass",
        "import instar": "import instar",
        "instar.run": "import instar; instar.run",
        "instar.open_store": "import instar; instar.open_store",
        "instar --help": "import contextlib, io\nfrom instar.cli.main import cli\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    cli(['--help'])",
    }
    taken = compare({name: partial(milliseconds, code) for name, code in statements.items()}, rounds=7)
    bare = taken.pop("bare Python")
    costs = {name: Sample(tuple(value - bare.least for value in sample.values)) for name, sample in taken.items()}
    print_table(f"CPU time over a bare Python ({bare.least:.0f} ms)", costs, "ms")
    heavy = loaded("import instar")
    print(f"\nheavy libraries loaded by `import instar`: {', '.join(heavy) or 'none'}")
    verdict("import instar, ms of CPU", costs["import instar"].median, at_most=150)
    verdict("heavy libraries loaded", len(heavy), at_most=0)


if __name__ == "__main__":
    main()
