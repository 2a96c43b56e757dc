"""A bundle: everything that predicting needs, in one folder.

    bundle.json           what it is: format, learner, signature, parameters, digests of the parts
    model.skops           the estimator, by its format
    preparation.bin       the fitted preparation, when there is one
    summaries.msgpack     summaries of the training rows, for drift and selection, when there are any
    MLmodel               so that MLflow loads the estimator

Run ids, times and hosts are recorded beside a bundle, never in it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from instar.base.digests import canonical_json, digest_bytes, digest_value
from instar.base.errors import BadInput, InstarError
from instar.models.formats import format_named, format_of
from instar.models.mlmodel import mlmodel
from instar.models.predictions import Predictions, Prepares, predict
from instar.models.signature import ModelSignature
from instar.models.training import learner_of, parameters_of

LAYOUT = 1
DESCRIPTION = "bundle.json"
PREPARATION = "preparation.bin"
SUMMARIES = "summaries.msgpack"


class Description(msgspec.Struct, frozen=True):
    """``bundle.json``.

    estimator, preparation, summaries : digests of the parts (canonical, own, of bytes); empty when there is none
    parameters : of the estimator, as plain values;  environment : digest of the libraries it was trained with
    """

    layout: int
    format: str
    learner: str
    signature: ModelSignature
    parameters: dict[str, Any]
    estimator: str
    preparation: str = ""
    summaries: str = ""
    environment: str = ""

    @property
    def digest(self) -> str:
        """Of what decides the answers. The environment is kept for reading: equal models of two machines are equal."""
        return digest_value(msgspec.structs.replace(self, environment=""))


class NotABundle(InstarError):
    """A folder does not hold a bundle, or not one that this version reads."""

    status = 422


@dataclass(frozen=True)
class Bundle:
    """A fitted estimator with the preparation and signature it needs to answer from raw rows.

    summaries : of the training rows, by column name, as bytes;  environment : digest of the environment node
    """

    estimator: Any
    preparation: Prepares | None
    signature: ModelSignature
    summaries: Mapping[str, bytes] = field(default_factory=dict)
    environment: str = ""

    def predict(self, frame: pl.DataFrame) -> Predictions:
        """Predict each raw row of ``frame``; columns that the signature does not name are ignored."""
        return predict(self.estimator, self.preparation, self.signature, frame)

    @property
    def digest(self) -> str:
        """The canonical digest: of what the bundle is, equal wherever and whenever it is saved."""
        return self._saved.digest

    @property
    def description(self) -> Description:
        return self._saved

    @cached_property
    def _saved(self) -> Description:
        with tempfile.TemporaryDirectory(prefix="instar-bundle-") as folder:
            return self.save(Path(folder))

    def save(self, folder: Path) -> Description:
        """Write the bundle into ``folder``, made when missing. Raises CannotSave, BadInput for a folder with files."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BadInput(f"folder {folder} is not empty; name a new one for the bundle")
        format = format_of(self.estimator)
        format.save(self.estimator, folder)
        summaries = _summary_bytes(self.summaries)
        description = Description(
            layout=LAYOUT,
            format=format.name,
            learner=learner_of(self.estimator),
            signature=self.signature,
            parameters=parameters_of(self.estimator),
            estimator=format.canonical(folder),
            preparation=self.preparation.digest if self.preparation is not None else "",
            summaries=digest_bytes(summaries) if summaries else "",
            environment=self.environment,
        )
        if self.preparation is not None:
            (folder / PREPARATION).write_bytes(self.preparation.to_bytes())
        if summaries:
            (folder / SUMMARIES).write_bytes(summaries)
        (folder / DESCRIPTION).write_bytes(msgspec.json.format(canonical_json(description)) + b"\n")
        (folder / "MLmodel").write_text(mlmodel(format.name, format.trusted, _facts(description)))
        return description

    @classmethod
    def load(cls, folder: Path, trusted: Sequence[str] = ()) -> Bundle:
        """Read a bundle back. Raises NotABundle, and Untrusted when the estimator holds strange types."""
        description = read_description(folder)
        preparation = None
        if description.preparation:
            from instar.data.preparing.preparation import Preparation

            preparation = Preparation.from_bytes((folder / PREPARATION).read_bytes())
        summaries = folder / SUMMARIES
        return cls(
            format_named(description.format).load(folder, trusted),
            preparation,
            description.signature,
            msgspec.msgpack.decode(summaries.read_bytes(), type=dict[str, bytes]) if description.summaries else {},
            description.environment,
        )


def read_description(folder: Path) -> Description:
    """``bundle.json`` of ``folder``. Raises NotABundle."""
    path = folder / DESCRIPTION
    if not path.is_file():
        raise NotABundle(f"{folder} holds no {DESCRIPTION}; give the folder that a bundle was saved into")
    try:
        description = msgspec.json.decode(path.read_bytes(), type=Description)
    except msgspec.DecodeError as error:
        raise NotABundle(f"{path} cannot be read ({error}); save the bundle again") from error
    if description.layout != LAYOUT:
        raise NotABundle(f"{path} has layout {description.layout}, this version reads {LAYOUT}; update Instar")
    return description


def digest_of_folder(folder: Path) -> str:
    """The digest of the bundle saved in ``folder``, taken anew from what lies there, not from what it says."""
    description = read_description(folder)
    summaries = folder / SUMMARIES
    preparation = ""
    if (folder / PREPARATION).exists():
        from instar.data.preparing.preparation import Preparation

        preparation = Preparation.from_bytes((folder / PREPARATION).read_bytes()).digest
    found = msgspec.structs.replace(
        description,
        estimator=format_named(description.format).canonical(folder),
        preparation=preparation,
        summaries=digest_bytes(summaries.read_bytes()) if summaries.exists() else "",
    )
    return found.digest


def _summary_bytes(summaries: Mapping[str, bytes]) -> bytes:
    return msgspec.msgpack.encode(dict(sorted(summaries.items()))) if summaries else b""


def _facts(description: Description) -> dict[str, Any]:
    return {
        "digest": description.digest,
        "learner": description.learner,
        "task": description.signature.task,
        "features": list(description.signature.names),
        "prepared": bool(description.preparation),
    }
