"""What a step gave, and what of it the memo keeps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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

    def beside(self, other: Outcome) -> Outcome:
        """Both, of one step that gives several tables."""
        rows = {"rows": {**self.doc.get("rows", {}), **other.doc.get("rows", {})}}
        return Outcome(
            self.ports | other.ports,
            self.made | other.made,
            self.used | other.used,
            self.record + other.record,
            self.files | other.files,
            self.doc | other.doc | rows,
        )

    def telling(self, told: dict[str, Any]) -> Outcome:
        """The same with more of what the activity says about itself."""
        return replace(self, doc=self.doc | told)


class Done(msgspec.Struct, frozen=True):
    """A finished step as the memo keeps it. made : ids of content nodes by port;  files : names to digests"""

    activity: str
    ports: dict[str, Any]
    made: dict[str, str]
    files: dict[str, str]
