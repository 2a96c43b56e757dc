"""Time and peak memory of one call, in a process of its own: what the process held before the call does not count.

    seconds, megabytes = measured("benchmarks.preparing.equal_depth:instar", {"rows": 1_000_000})

A function may prepare first (make its data, import its libraries) and return another function without arguments: when
it is annotated ``-> Callable[[], …]``, only what it returns is measured. What the measured call returns, as plain values,
is the result of ``observed``.
"""

from __future__ import annotations

import gc
import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_MEGABYTE = 1e6


class Observed(NamedTuple):
    """seconds : wall time of the call;  megabytes : peak memory over what was held before it;  result : plain values"""

    seconds: float
    megabytes: float
    result: Any


class Failed(Exception):
    """The call ended with an error; the message is what the process said."""


def measured(function: str, arguments: Mapping[str, Any] | None = None) -> tuple[float, float]:
    """Seconds and megabytes of ``function``, written ``module:name``, with these keyword arguments (plain values)."""
    found = observed(function, arguments)
    return found.seconds, found.megabytes


def observed(function: str, arguments: Mapping[str, Any] | None = None) -> Observed:
    """The same, with the result. Raises Failed."""
    command = [sys.executable, "-m", "benchmarks.preparing.memory", function, json.dumps(dict(arguments or {}))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{function}: {done.stderr.strip()[-2000:]}")
    return Observed(*json.loads(done.stdout.strip().splitlines()[-1]))


def _here(function: str, arguments: Mapping[str, Any]) -> Observed:
    module, _, name = function.partition(":")
    action = getattr(importlib.import_module(module), name)
    prepared = None
    if _prepares(action):
        prepared = action(**arguments)
        arguments = {}
    gc.collect()
    call = prepared if prepared is not None else action
    before = _from_now()
    start = time.perf_counter()
    result = call(**arguments)
    seconds = time.perf_counter() - start
    return Observed(seconds, max(0.0, _peak() - before) / _MEGABYTE, result)


def _prepares(action: Any) -> bool:
    """Whether the function is declared to return a function."""
    return "Callable" in str(getattr(action, "__annotations__", {}).get("return", ""))


def _from_now() -> float:
    """The memory held now, in bytes; where the system can, the peak is counted anew from here."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()  # the peak so far: what is said is then at most what it was
    return _status("VmRSS")


def _peak() -> float:
    if Path("/proc/self/status").exists():
        return _status("VmHWM")
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * (1 if sys.platform == "darwin" else 1024)


def _status(word: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(word + ":")]
    return float(line.split()[1]) * 1024


if __name__ == "__main__":
    found = _here(sys.argv[1], json.loads(sys.argv[2]))
    print("\n" + json.dumps(found))
