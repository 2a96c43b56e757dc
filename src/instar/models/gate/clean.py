"""Loading and timing a bundle in a clean process: ``python -m instar.models.gate.clean FOLDER SAMPLE ANSWER``.

The process sees no variable, path or module of the one that asks, so a model that leans on a notebook does not load.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from instar.base.types import dtype_of
from instar.models.bundle import Bundle, digest_of_folder
from instar.models.signature import ModelSignature

TIMEOUT = 300  # seconds: imports take some on a busy machine, answering a few rows does not
BATCH = 256
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")


class Latency(msgspec.Struct, frozen=True):
    """Times of one call, in milliseconds. calls : how many were timed"""

    rows: int
    calls: int
    median: float
    p95: float

    def __str__(self) -> str:
        unit = "row" if self.rows == 1 else "rows"
        return f"{self.rows} {unit}: median {self.median:.2f} ms, 95 % of {self.calls} calls within {self.p95:.2f} ms"


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """error : why it did not load or answer; the rest is empty then.  load : seconds, after imports"""

    digest: str = ""
    python: str = ""
    load: float = 0.0
    latencies: tuple[Latency, ...] = ()
    error: str = ""


def measure_apart(folder: Path, sample: pl.DataFrame | None) -> Measured:
    """Load the bundle in ``folder`` in a clean process and time it on rows of ``sample`` (on made-up rows if None)."""
    with tempfile.TemporaryDirectory(prefix="instar-gate-") as name:
        rows, answer = Path(name) / "sample.parquet", Path(name) / "answer.json"
        if sample is not None:
            sample.write_parquet(rows)
        command = [sys.executable, "-I", "-m", "instar.models.gate.clean", str(folder), str(rows), str(answer)]
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        try:
            done = subprocess.run(
                command, cwd=name, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
        except subprocess.TimeoutExpired:
            return Measured(error=f"it did not load and answer within {TIMEOUT} s")
        if done.returncode or not answer.exists():
            last = done.stderr.strip().splitlines()[-1:] or [f"the process ended with status {done.returncode}"]
            return Measured(error=last[0])
        return msgspec.json.decode(answer.read_bytes(), type=Measured)


def measure(folder: Path, sample: Path) -> Measured:
    """The same in this process."""
    digest = digest_of_folder(folder)
    start = time.perf_counter()
    bundle = Bundle.load(folder)
    load = time.perf_counter() - start
    rows = pl.read_parquet(sample) if sample.exists() else made_up(bundle.signature)
    one, many = _timed(bundle, rows, 1, 60), _timed(bundle, rows, BATCH, 20)
    return Measured(digest, sys.version.split()[0], load, (one, many))


def made_up(signature: ModelSignature) -> pl.DataFrame:
    """One row of nulls with the columns of the signature."""
    return pl.DataFrame({field.name: pl.Series([None], dtype=dtype_of(field.type)) for field in signature.features})


def _timed(bundle: Bundle, rows: pl.DataFrame, size: int, calls: int) -> Latency:
    """Time ``calls`` predictions of ``size`` rows, others each time, after a few that do not count."""
    times = []
    for call in range(calls + 3):
        batch = rows[(np.arange(size) + call * size) % rows.height]
        start = time.perf_counter()
        bundle.predict(batch)
        times.append(1000 * (time.perf_counter() - start))
    counted = np.array(times[3:])
    return Latency(size, calls, float(np.median(counted)), float(np.quantile(counted, 0.95)))


if __name__ == "__main__":
    Path(sys.argv[3]).write_bytes(msgspec.json.encode(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
