"""The environment a process runs in: Python, system, installed packages. Content: two equal ones are one node."""

from __future__ import annotations

import functools
import platform
import re
import sys
from pathlib import Path
from typing import Any

from instar.base.digests import digest_value
from instar.base.ids import content_id
from instar.store.records import Node

_INSTALLED = re.compile(r"^(?P<name>[A-Za-z0-9._]+?)-(?P<version>\d[^-]*)(?:-.*)?\.(?:dist-info|egg-info)$")


@functools.cache
def environment() -> Node:
    """The environment as a content node, read once a process (packages imported later count as installed anyway)."""
    doc = describe()
    digest = digest_value(doc)
    return Node(content_id("environment", digest), "environment", digest, doc=doc)


def describe() -> dict[str, Any]:
    """What the environment is. No host name, user or path: equal environments of two machines are equal."""
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "system": platform.system(),
        "machine": platform.machine(),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Name and version of every installed package; from the names of their folders, since reading each is slow."""
    found: dict[str, str] = {}
    for folder in map(Path, reversed(sys.path)):  # what comes first on the path wins
        if not folder.is_dir():
            continue
        for entry in folder.iterdir():
            if match := _INSTALLED.match(entry.name):
                found[normal(match["name"])] = match["version"]
    return dict(sorted(found.items()))


def normal(name: str) -> str:
    """A package's name as indexes compare it (PEP 503).

    >>> normal("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
