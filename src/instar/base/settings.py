"""Which store, which project, who: one rule for library, command line and engine workers."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from instar.base.names import check_name

STORE_FOLDER = ".instar"
DATABASE = "store.db"  # in the folder of an embedded store


def store_setting() -> str | None:
    """The store named by the environment: a folder or a URL."""
    return os.environ.get("INSTAR_STORE") or None


def project_setting(given: str | None = None) -> str:
    """The project: the one given, else ``INSTAR_PROJECT``, else ``default``. Raises BadInput for what is no name."""
    project = given or os.environ.get("INSTAR_PROJECT") or "default"
    check_name("project", project)
    return project


def home_folder() -> Path:
    """What belongs to the person, not to a store (private keys, tokens of servers): ``INSTAR_HOME``, else
    ``~/.config/instar``."""
    home = os.environ.get("INSTAR_HOME")
    return Path(home) if home else Path.home() / ".config" / "instar"


def author_setting() -> str:
    """Who is working: ``INSTAR_AUTHOR``, else the user's login name."""
    if author := os.environ.get("INSTAR_AUTHOR"):
        return author
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container user without a passwd entry
        return f"uid-{os.getuid()}"


def server_token_file(host: str, port: int) -> Path:
    """Where a server on this machine leaves its private token for the same user's clients.

    >>> server_token_file("localhost", 7070).name
    '127.0.0.1-7070.token'
    """
    here = "127.0.0.1" if host in ("localhost", "::1") else host
    return home_folder() / "servers" / f"{here}-{port}.token"


def token_setting(host: str, port: int) -> str | None:
    """The token for a server: ``INSTAR_TOKEN``, else the one that a server on this machine left for its own user."""
    if token := os.environ.get("INSTAR_TOKEN"):
        return token
    try:
        return server_token_file(host, port).read_text().strip()
    except (FileNotFoundError, PermissionError):
        return None
