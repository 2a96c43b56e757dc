"""What a step gave, and what of it the memo keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from instar.store.records import Node, Record


@dataclass(frozen=True)
class Outcome:
    """What a step gave.

    ports : plain values by port, kept in the memo;  made : content nodes by port;  used : what it read beside its inputs,
    each with the activity that made it for it;  record : what else is written with the activity
    files : of the activity, by name: (digest, size in bytes);  doc : what the activity says about itself
    """

    ports: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Node] = field(default_factory=dict)
    used: dict[str, tuple[str, str]] = field(default_factory=dict)
    record: Record = field(default_factory=Record)
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    doc: dict[str, Any] = field(default_factory=dict)


class Done(msgspec.Struct, frozen=True):
    """A finished step as the memo keeps it. made : ids of content nodes by port;  files : names to digests"""

    activity: str
    ports: dict[str, Any]
    made: dict[str, str]
    files: dict[str, str]
