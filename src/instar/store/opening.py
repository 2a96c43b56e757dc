"""How a store is found and opened: a folder, or the URL of a database or a server."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from instar.base.errors import BadInput, NotFound, suggestion
from instar.base.settings import DATABASE, STORE_FOLDER, store_setting
from instar.store.store import Store

FOLDER = "instar.store.embedded:EmbeddedStore"
# By the scheme of a URL: the function that opens it, given (url, create). Its module is imported when it is needed.
OPENERS = {
    "postgresql": "instar.store.postgres:open_postgres",
    "http": "instar.store.remote:open_remote",
    "https": "instar.store.remote:open_remote",
}
_open: dict[str, Store] = {}
_opening = threading.Lock()


def open_store(location: str | Path | None = None, create: bool = True) -> Store:
    """Open the store at ``location``, else ``INSTAR_STORE``, else the nearest ``.instar/`` upwards, else a new one here.

    location : a folder; ``postgresql://…`` (its blobs lie where it was told when it was made: ``?blobs=s3://bucket/prefix``,
        or ``INSTAR_BLOBS``); or ``http://…`` of a server that ``instar up`` started

    Raises NotFound when there is none and ``create`` is false; NewerStore when a newer Instar wrote it.
    """
    wanted = location or store_setting()
    scheme, is_url, _ = str(wanted).partition("://") if wanted else ("", "", "")
    with _opening:
        if is_url:
            return _remember(without_secrets(str(wanted)), lambda: _open_url(scheme, str(wanted), create))
        folder = _folder(wanted)
        return _remember(str(folder), lambda: _open_folder(folder, create))


def _remember(key: str, make: Callable[[], Store]) -> Store:
    if key not in _open:
        _open[key] = store = make()
        store.when_closed = lambda: _forget(key)
    return _open[key]


def _forget(key: str) -> None:
    with _opening:
        _open.pop(key, None)


def _open_url(scheme: str, url: str, create: bool) -> Store:
    if scheme not in OPENERS:
        shown = without_secrets(url)
        raise BadInput(f"store {shown}: cannot open {scheme}://; {suggestion(scheme, OPENERS)}, or give a folder")
    return _opener(OPENERS[scheme])(url, create)


def without_secrets(url: str) -> str:
    """What a store is known by: its URL without a password, and without what matters only when it is made.

    >>> without_secrets("postgresql://ana:secret@db:5432/instar?sslmode=require&blobs=s3://bucket/instar")
    'postgresql://ana@db:5432/instar?sslmode=require'
    """
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    kept = [(key, value) for key, value in parse_qsl(parts.query) if key not in ("password", "blobs")]
    netloc = user.partition(":")[0] + at + host
    return urlunsplit((parts.scheme, netloc, parts.path, urlencode(kept, safe="/:"), ""))


def _opener(where: str) -> Callable[..., Store]:
    """The function that ``module:name`` names. Imported by name: SQLAlchemy costs most of a second."""
    module, _, name = where.partition(":")
    found: Callable[..., Store] = getattr(import_module(module), name)
    return found


def _open_folder(folder: Path, create: bool) -> Store:
    if not (folder / DATABASE).exists():
        if not create:
            raise NotFound("store", str(folder), next_step="make one with `instar init`, or name one with --store")
        print(f"instar: new store in {folder}", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    return _opener(FOLDER)(folder)


def _folder(location: str | Path | None) -> Path:
    if location is None:
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / STORE_FOLDER / DATABASE).exists():
                return folder / STORE_FOLDER
        return here / STORE_FOLDER
    folder = Path(location).expanduser().resolve()
    if folder.is_file():
        raise BadInput(f"store {folder} is a file; name the folder that holds `{DATABASE}`, or a new one")
    inside = folder / STORE_FOLDER
    return inside if (inside / DATABASE).exists() else folder
