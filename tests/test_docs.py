"""The pages of docs/ run as they stand: each in an empty folder, its blocks one after another, as a reader would.

A ``python`` block runs in the page's one namespace, a line ``instar …`` of a ``sh`` block through the command line,
``instar serve`` starts a real server, and any other line goes to the shell. A ``text`` or ``json`` block after them is
what they print, an error included; ``…`` in it stands for anything. ``<!-- not run: why -->`` before a block leaves it
out, and ``<!-- stop the server -->`` does that. A picture (``<page>-….svg``) that a page saves is the one of
its name in docs/pictures/, to the byte, and the page shows it.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import Any, get_args

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from tests.films import films

from instar import prep, steps
from instar.base.errors import InstarError
from instar.base.schema import Role
from instar.base.tables import Table as Parts
from instar.cli.main import cli
from instar.data.datasets.dataset import import_data
from instar.data.operators import OPERATORS
from instar.data.sources.source import SOURCES
from instar.data.steps.step import STEPS
from instar.flow.table import Handle, Table
from instar.models.gate import checks
from instar.serve import errors as serving_errors
from instar.serve.deployment import deploy
from instar.serve.plane import ROUTES
from instar.serve.policies import POLICIES
from instar.store import open_store
from instar.store.find.query import KEYS, KINDS
from instar.store.find.shipped import SHIPPED
from instar.store.protocols import FACETS, ROLES
from instar.store.records import Relation
from instar.web import errors as web_errors
from instar.web.questions import questions

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
GENERATED = {"cli", "decisions"}  # pages that are tested elsewhere, or have nothing to run
PAGES = sorted(
    str(path.relative_to(DOCS).with_suffix(""))
    for path in (*DOCS.glob("*.md"), *(DOCS / "preparation").glob("*.md"))
    if path.stem not in GENERATED
)
PREPARATION = [page for page in PAGES if page.startswith("preparation/")]
# What the pages say; the tests' servers listen on free ports.
SERVERS = {"instar serve": "127.0.0.1:7071", "instar up --no-serve": "127.0.0.1:7070"}
BLOCK = re.compile(r"^(?:<!-- (?P<note>.+?) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.S | re.M)
STOP = "<!-- stop the server -->"
MOST_NOT_RUN = 3
NEEDED = {"preparation/image": "torch"}  # modules that pages need and not everybody has: `python3 dev.py image`
SECONDS = 60  # that one line may take
METRICS = (ROOT / "src" / "instar" / "serve" / "metrics.py").read_text()
# Stands for curl on a machine that has none.
CURL = f"""#!{sys.executable}
import argparse, urllib.error, urllib.request
parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d")
parser.add_argument("url")
given = parser.parse_args()
headers = dict(line.split(": ", 1) for line in given.H)
request = urllib.request.Request(given.url, given.d and given.d.encode(), headers)
try:
    print(urllib.request.urlopen(request).read().decode())
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""


@dataclass
class Block:
    """A fenced block. line : where its code begins;  printed : what must be printed, None when the page does not say"""

    language: str
    code: str
    line: int
    note: str = ""
    printed: str | None = None

    @property
    def runs(self) -> bool:
        return self.language in ("python", "sh", "stop") and not self.note


def read(page: str) -> str:
    return (DOCS / f"{page}.md").read_text()


def blocks(page: str) -> list[Block]:
    """The blocks of a page; one of output lies with the block that prints it."""
    text, found = read(page), list[Block]()
    for match in re.finditer(f"{BLOCK.pattern}|^{STOP}$", text, re.S | re.M):
        line = text.count("\n", 0, match.start("code") if match["code"] else match.start()) + 1
        if match["language"] is None:
            found.append(Block("stop", "", line))
        elif match["language"] in ("text", "json") and not match["note"]:
            assert found, f"docs/{page}.md:{line}: output of nothing"
            assert found[-1].printed is None, f"docs/{page}.md:{line}: the block before has its output already"
            found[-1].printed = match["code"]
        else:
            found.append(Block(match["language"], match["code"], line, match["note"] or ""))
    return found


@dataclass
class Reader:
    """Somebody who reads a page and does what it says, in the current folder."""

    page: str
    names: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    server: subprocess.Popen[str] | None = None
    said: str = "-"  # the address of the running server on the page
    address: str = "-"  # and where it really listens

    def follow(self, block: Block) -> None:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                self._run(block)
            except InstarError as error:
                if block.printed is None:
                    raise
                print(f"{type(error).__name__}: {error}")
        if block.printed is not None:
            found = said.getvalue().replace(self.address, self.said)
            where = f"docs/{self.page}.md:{block.line}"
            assert matches(block.printed, found), f"{where}: it says\n{block.printed}\nand prints\n{found}"

    def _run(self, block: Block) -> None:
        code = block.code.replace(self.said, self.address)
        if block.language == "stop":
            self.stop()
        elif block.language == "python":
            # at its own lines of its own file, so that a traceback, and a step that asks for its source, find it
            exec(compile("\n" * (block.line - 1) + code, DOCS / f"{self.page}.md", "exec"), self.names)  # noqa: S102
        else:
            for line in re.sub(r"\\\n\s*", " ", code).strip().splitlines():
                self._call(line, may_fail=block.printed is not None)

    def _call(self, line: str, may_fail: bool) -> None:
        if line in SERVERS:
            self._serve(line)
        elif line.startswith("instar "):
            words = [os.path.expandvars(word) if "$" in word else word for word in self._words(line)]
            result = CliRunner().invoke(cli, words, prog_name="instar")
            assert may_fail or result.exit_code == 0, f"{line}: {result.output}"
            assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
            print(result.output, end="")
        elif line and not line.startswith("#"):
            self._shell(line)

    def _words(self, line: str) -> list[str]:
        for name, value in self.environment.items():
            line = line.replace(f"${name}", value)
        return shlex.split(line, comments=True)[1:]

    def _shell(self, line: str) -> None:
        """In a shell; a variable that the line sets stays."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        sets = re.match(r"([A-Z]+)=", line)
        done = subprocess.run(
            ["sh", "-c", f'{line}\nprintf %s "${sets[1]}"' if sets else line],
            env={**os.environ, **self.environment, "PATH": path},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        if sets:
            assert done.stdout, f"{line}: it sets nothing: {done.stderr}"
            self.environment[sets[1]] = done.stdout
        else:
            print(done.stdout)

    def _serve(self, line: str) -> None:
        command = [sys.executable, "-m", *line.split(), "--port", "0"]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.server.stdout is not None
        ready = self.server.stdout.readline()
        address = re.search(r"http://([\d.:]+)", ready)
        assert address, f"the server did not start: {ready}"
        self.said, self.address = SERVERS[line], address[1]
        print(ready, end="")

    def stop(self) -> None:
        """As Ctrl-C does."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            assert self.server.wait(30) == 0
            assert self.server.stdout is not None
            self.server.stdout.close()
            self.server = None


def matches(said: str, found: str) -> bool:
    """Whether ``found`` is what a page says, whatever the spaces, with ``…`` for anything."""
    pattern = r".*?".join(re.escape("".join(part.split())) for part in said.split("…"))
    return re.fullmatch(pattern, "".join(found.split()), re.S) is not None


def write_films(folder: Path) -> None:
    """The two tables as CSV, and one of them in every other form."""
    omdb, tomatoes = films(800)
    omdb.write_csv(folder / "omdb.csv")
    tomatoes.write_csv(folder / "tomatoes.csv")
    omdb.write_parquet(folder / "omdb.parquet")
    omdb.write_ndjson(folder / "omdb.jsonl")
    omdb.write_json(folder / "omdb.json")
    (folder / "decades").mkdir()
    for decade in range(1940, 2020, 10):
        part = omdb.filter(pl.col("Year").is_between(decade, decade + 9))
        part.write_csv(folder / "decades" / f"films-{decade}.csv")
    with contextlib.closing(sqlite3.connect(folder / "films.db")) as database:
        for name, frame in (("omdb", omdb), ("tomatoes", tomatoes)):
            database.execute(f"CREATE TABLE {name} ({', '.join(frame.columns)})")
            database.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * frame.width)})", frame.rows())
        database.commit()
    with duckdb.connect(folder / "films.duckdb") as database:
        database.execute(f"CREATE TABLE omdb AS FROM read_parquet('{folder / 'omdb.parquet'}')")


def import_them(folder: Path) -> None:
    """As the first page does it."""
    store = open_store(folder / ".instar")
    roles: dict[str, Role] = {"ID": "id", "imdbID": "id"}
    import_data("omdb", folder / "omdb.csv", roles=roles, store=store)
    import_data("tomatoes", folder / "tomatoes.csv", roles={"ID": "id"}, store=store)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_from_top_to_bottom_in_an_empty_folder(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page in NEEDED:
        pytest.importorskip(NEEDED[page], reason="`python3 dev.py image` installs what this page needs")
    folder = tmp_path / "films"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write_films(folder)
    if page != "dataflows":
        import_them(folder)
    if shutil.which("curl") is None:
        (tmp_path / "curl").write_text(CURL)
        (tmp_path / "curl").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    reader = Reader(page)
    try:
        for block in blocks(page):
            if block.runs:
                reader.follow(block)
    finally:
        reader.stop()
        open_store(folder / ".instar").close()
    for drawn in sorted(folder.rglob(f"{Path(page).name}-*.svg")):
        kept = PICTURES / drawn.name
        if not kept.exists() or drawn.read_bytes() != kept.read_bytes():
            seen = Path(shutil.copy(drawn, gettempdir()))  # the folder of a test does not stay
            pytest.fail(f"docs/{page}.md draws another {drawn.name}: look at it, then cp {seen} {PICTURES}")
        assert drawn.name in shown(page), f"docs/{page}.md draws {drawn.name} and does not show it"


def shown(page: str) -> set[str]:
    """The pictures on a page."""
    return {Path(link).name for link in re.findall(r"!\[[^\]]+\]\(([\w./-]+)\)", read(page))}


def test_every_picture_is_drawn_and_shown_by_a_page() -> None:
    for picture in sorted(PICTURES.glob("*")):
        pages = [page for page in PAGES if picture.name in shown(page) and picture.name.startswith(Path(page).name)]
        assert pages, f"no page shows docs/pictures/{picture.name}"
        drawn = any(picture.name in block.code for page in pages for block in blocks(page) if block.runs)
        assert drawn, f"docs/pictures/{picture.name} is not drawn by a block of docs/{pages[0]}.md"


def test_only_few_blocks_are_not_run() -> None:
    left_out = [(page, block.note) for page in PAGES for block in blocks(page) if block.note]
    assert len(left_out) <= MOST_NOT_RUN, left_out
    assert all(note.startswith("not run: ") for _, note in left_out)


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for link, anchor in re.findall(r"\]\(([\w./-]*)(#[\w-]+)?\)", read(page)):
            path = (DOCS / page).parent / link if link else DOCS / f"{page}.md"
            assert path.exists(), f"docs/{page}.md links to {link}"
            if not anchor:
                continue
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.M)
            anchors = {"#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in anchors, f"docs/{page}.md links to {link}{anchor}"


def classes(module: object) -> Sequence[str]:
    return [name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, InstarError)]


def ours(parts: Parts[type[Any]]) -> list[str]:
    """The parts that Instar brings: another test of this process may have entered one of its own."""
    return [part.__name__ for part in (parts[name] for name in parts) if part.__module__.startswith("instar.")]


SETTINGS = {name for path in (ROOT / "src").rglob("*.py") for name in re.findall(r"INSTAR_[A-Z_]+", path.read_text())}
VERBS = [
    name
    for kind in Table.__mro__
    if kind.__module__.startswith("instar.") and kind is not Handle
    for name, value in vars(kind).items()
    if callable(value) and not name.startswith("_")
]
# What each page must name, as code: whatever enters one of these tables enters its page.
NAMED: dict[str, tuple[str, Sequence[str]]] = {
    "operators": ("preparation/README", ours(OPERATORS)),
    "table steps": ("preparation/README", ours(STEPS)),
    "families of preparation": (
        "preparation/README",
        [Path(page).name for page in PREPARATION if "README" not in page],
    ),
    "verbs": ("dataflows", VERBS),
    "formats": ("dataflows", sorted(SOURCES)),
    "options of import": ("dataflows", sorted(inspect.signature(import_data).parameters)[1:]),
    "checks": ("approval", sorted(checks())),
    "routes": ("serving", ROUTES.split(", ")),
    "policies": ("serving", ours(POLICIES)),
    "options of deploy": ("serving", sorted(inspect.signature(deploy).parameters)),
    "roles of tokens": ("serving", ROLES),
    "roles of the store's tokens": ("server", ROLES),
    "questions over HTTP": ("server", [question.path for question in questions().values()]),
    "facets": ("server", sorted(FACETS)),
    "errors of the store's server": ("server", sorted(set(classes(web_errors)) - {"InstarError"})),
    "errors of the server": ("serving", sorted(set(classes(serving_errors)) - {"RemoteError", "InstarError"})),
    "metrics": ("serving", sorted({name for name in re.findall(r'"(instar_\w+)"', METRICS)})),
    "kinds": ("store", sorted(KINDS)),
    "relations": ("store", get_args(Relation)),
    "keys of find": ("find", KEYS),
    "rules": ("find", sorted(SHIPPED)),
    "settings": ("store", sorted(SETTINGS)),
}


def named_in(page: str) -> str:
    """What a page names as code, and its headings."""
    found = re.findall(r"`+([^`]+)`+|^#+ (.*)$", BLOCK.sub("", read(page)), re.M)
    return " ".join(code or heading for code, heading in found)


@pytest.mark.parametrize(("public", "table"), [(prep, OPERATORS), (steps, STEPS)], ids=["prep", "steps"])
def test_every_part_of_preparation_has_a_page_and_a_public_name(public: Any, table: Parts[type[Any]]) -> None:
    names = ours(table)
    assert set(names) <= set(public.__all__), "every part of the table has a public name"
    pages = " ".join(named_in(page) for page in PREPARATION if not page.endswith("README"))
    missing = [name for name in names if not re.search(rf"\b{name}\b", pages)]
    assert not missing, f"no page of docs/preparation/ tells of {', '.join(missing)}"


@pytest.mark.parametrize("what", NAMED)
def test_everything_is_named_on_its_page(what: str) -> None:
    page, names = NAMED[what]
    assert names
    code = named_in(page)
    missing = [name for name in names if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", code)]
    assert not missing, f"docs/{page}.md does not name the {what}: {', '.join(missing)}"
