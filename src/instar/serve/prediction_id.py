"""The id of a prediction: (replica, segment, record number), so that it is found at once and never repeats.

The segment is a UUIDv7 made at every start of a server, and the number counts within it: no state has to survive a
crash for ids to stay unique.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import NamedTuple

from instar.serve.errors import UnknownPrediction

_FORM = re.compile(r"^([0-9a-f]{8})-([0-9a-f]{32})-(0|[1-9][0-9]{0,14})$")


class PredictionId(NamedTuple):
    """replica : where the journal was written, 8 digits;  segment : its id;  number : of the prediction in it, from 0"""

    replica: str
    segment: str
    number: int

    def __str__(self) -> str:
        return f"{self.replica}-{self.segment}-{self.number}"

    @classmethod
    def parse(cls, text: str) -> PredictionId:
        """Raises UnknownPrediction for text of another form.

        >>> PredictionId.parse("00c0ffee-0192f5d07c3a7bd1a2f60f3c5a1e9d42-17").number
        17
        """
        if not (match := _FORM.match(text)):
            raise UnknownPrediction(
                text, "an id has the form <replica>-<segment>-<number>, as a prediction's answer gives it"
            )
        replica, segment, number = match.groups()
        return cls(replica, segment, int(number))


def is_prediction_id(text: str) -> bool:
    """Whether a text has the form of one.

    >>> is_prediction_id("00c0ffee-0192f5d07c3a7bd1a2f60f3c5a1e9d42-17"), is_prediction_id("rating@2")
    (True, False)
    """
    return _FORM.fullmatch(text) is not None


def replica_of(folder: Path) -> str:
    """The name of the replica that writes into this store folder: 8 random digits, made once."""
    path = folder / "replica"
    if not path.exists():
        with_name = path.with_name(f"replica.{secrets.token_hex(4)}")
        with_name.write_text(secrets.token_hex(4) + "\n")
        try:
            path.hardlink_to(with_name)  # fails if another process was first: its name counts
        except FileExistsError:
            pass
        finally:
            with_name.unlink()
    return path.read_text().strip()
