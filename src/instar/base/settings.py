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
