"""The code a process runs: the commit it was started from, what was changed since, and the script.

A content node: two runs of the same code refer to the same node, wherever they ran.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from instar.base.digests import digest_bytes, digest_value
from instar.base.ids import content_id
from instar.store.protocols import Blobs
from instar.store.records import File, Node, Record

GIT_SECONDS = 20
LARGEST = 8_000_000  # bytes of a diff or script that is kept; of a larger one only its size is said
UNTRACKED_NAMES = 100


class Code(NamedTuple):
    """A content node and the bytes that belong to it, by their path inside the node."""

    node: Node
    contents: dict[str, bytes]

    def record(self, blobs: Blobs) -> Record:
        """What to write into a store, its bytes put before."""
        files = tuple(File(self.node.id, path, blobs.put(data), len(data)) for path, data in self.contents.items())
        return Record(nodes=(self.node,), files=files)


@functools.cache
def code() -> Code:
    """The code of this process, read once, when its first run starts."""
    script = _script()
    folder = script.parent if script and not script.is_relative_to(sys.prefix) else Path.cwd()
    return describe(folder, script)


def describe(folder: Path, script: Path | None) -> Code:
    """The code in ``folder``; a script outside of any repository is kept whole."""
    doc: dict[str, Any] = {}
    contents: dict[str, bytes] = {}
    if (root := _git(folder, "rev-parse", "--show-toplevel")) is not None:
        doc |= _repository(Path(os.fsdecode(root).strip()), contents)
    if script is not None:
        top = Path(os.fsdecode(root).strip()) if root else None
        doc["script"] = str(script.relative_to(top)) if top and script.is_relative_to(top) else script.name
        if root is None:
            _keep(doc, contents, script.name, script.read_bytes())
    doc["files"] = {path: digest_bytes(data) for path, data in contents.items()}
    digest = digest_value(doc)
    return Code(Node(content_id("code", digest), "code", digest, doc=doc), contents)


def _repository(root: Path, contents: dict[str, bytes]) -> dict[str, Any]:
    """Commit, branch and origin, and what differs from the commit. A repository without a commit has none of these."""
    changed = _text(root, "status", "--porcelain", "--untracked-files=normal").splitlines()
    doc: dict[str, Any] = {
        "commit": _text(root, "rev-parse", "--verify", "--quiet", "HEAD"),
        "branch": _text(root, "symbolic-ref", "--short", "--quiet", "HEAD"),
        "origin": _without_password(_text(root, "config", "--get", "remote.origin.url")),
        "dirty": bool(changed),
    }
    if untracked := [line[3:] for line in changed if line.startswith("??")]:
        doc["untracked"] = untracked[:UNTRACKED_NAMES]
    if doc["commit"] and len(untracked) < len(changed):
        _keep(doc, contents, "changes.diff", _git(root, "diff", "--binary", "HEAD") or b"")
    return doc


def _keep(doc: dict[str, Any], contents: dict[str, bytes], path: str, data: bytes) -> None:
    if len(data) <= LARGEST:
        contents[path] = data
    else:
        doc["too_large"] = {**doc.get("too_large", {}), path: len(data)}


def _script() -> Path | None:
    """The file that Python was started with; none in an interactive session or with ``python -c``."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    path = Path(file).resolve() if file else None
    return path if path is not None and path.is_file() else None


def _git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints; None where there is no git, no repository, or nothing of the kind."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_SECONDS, check=False, stdin=subprocess.DEVNULL)
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _text(folder: Path, *arguments: str) -> str:
    return (_git(folder, *arguments) or b"").decode("utf-8", "replace").rstrip()


def _without_password(url: str) -> str:
    """A remote's address without the user and password it may carry.

    >>> _without_password("https://ana:secret@example.org/films.git")
    'https://example.org/films.git'
    """
    parts = urlsplit(url)
    if not parts.hostname or "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
