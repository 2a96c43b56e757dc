"""The data plane as a process of its own beside the control plane: started again when it dies, ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from instar.base.errors import InstarError
from instar.store.store import Store

STOPS_WITHIN = 30.0  # seconds until a data plane that does not end is killed
PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before it is started again; doubled each time
STEADY = 60.0  # seconds after which a start counts as a good one


class DataPlaneFailed(InstarError):
    """The data plane never came to answer."""

    status = 503

    def __init__(self, status: int) -> None:
        super().__init__(
            f"`instar serve` ended with {status} before it answered (its reason is said above); choose another "
            "--serve-port, or leave it out with --no-serve"
        )


class DataPlane:
    """``instar serve`` with ``options``, in a process that is looked after by a thread."""

    def __init__(self, store: Store, options: Sequence[str], failed: Callable[[DataPlaneFailed], None]) -> None:
        """failed : called, on another thread, when it ends before it was ever ready"""
        self._command = [sys.executable, "-m", "instar", "serve", "--store", store.location, *options]
        self._environment = {**os.environ, **store.environment}
        self._failed = failed
        self._stopping = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._look_after, name="data plane", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            start_new_session=True,  # Ctrl-C in the terminal is for us, who end it in order
        )

    def _look_after(self) -> None:
        ever, pause = False, PAUSE
        while True:
            started = time.monotonic()
            assert self._process.stdout is not None
            for line in self._process.stdout:  # that it is ready, with its address
                ever = True
                print(line, end="", flush=True)
            status = self._process.wait()
            if self._stopping.is_set():
                return
            if not ever:
                self._failed(DataPlaneFailed(status))
                return
            pause = PAUSE if time.monotonic() - started > STEADY else min(2 * pause, LONGEST_PAUSE)
            print(f"instar: the data plane ended with {status}; it is started again", file=sys.stderr, flush=True)
            if self._stopping.wait(pause):
                return
            self._process = self._start()

    def stop(self) -> None:
        """End it in order."""
        self._stopping.set()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._thread.join(STOPS_WITHIN)
