"""A version of a model: one immutable state of a named predictor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from instar.base.errors import BadInput, NotFound
from instar.base.ids import is_id, named_id
from instar.base.settings import project_setting
from instar.models.published import Published
from instar.store.records import Node

if TYPE_CHECKING:
    from instar.models.evidence import Evidence
    from instar.models.homologate import Homologation
    from instar.models.keys import SigningKey
    from instar.models.signing import Decision, Signature
    from instar.models.standing import Standing
    from instar.store import Store


class ModelVersion(Published):
    """A published version, with what can be asked and done about it."""

    def homologate(
        self, scope: Mapping[str, Any] | None = None, checks: Sequence[str] | None = None, evaluation: str = ""
    ) -> Homologation:
        """Run the gate: evidence for a person to sign. See ``instar.models.homologate.homologate``."""
        from instar.models.homologate import homologate

        return homologate(self, scope, checks, evaluation)

    def evidence(self) -> list[Evidence]:
        """All evidence about it, oldest first."""
        from instar.models.dossier import evidence_of

        return [evidence for _, evidence in evidence_of(self)]

    def signatures(self) -> list[Signature]:
        """All signatures under its evidence, oldest first, whether they count or not."""
        from instar.models.signing import signatures_of

        return signatures_of(self)

    def sign(
        self,
        key: SigningKey | None = None,
        verdict: Decision = "approved",
        scope: Mapping[str, Any] | None = None,
        expires: int | timedelta | None = None,
        exceptions: Sequence[str] = (),
    ) -> Signature:
        """Sign the newest evidence about it. See ``instar.models.signing.sign``."""
        from instar.models.signing import sign

        return sign(self, key, verdict, scope, expires, exceptions)

    def revoke(self, reason: str, by: str | None = None) -> str:
        """Take it back: it may not be served until this is lifted. The revocation's id."""
        from instar.models.homologate import revoke

        return revoke(self.store, self.id, reason, by)

    def is_homologated(self, context: Mapping[str, Any] | None = None) -> Standing:
        """Whether it may take production traffic (for ``context``): a truth value that gives its reasons."""
        from instar.models.standing import standing

        return standing(self, context)


def version(what: str, store: Store | None = None, project: str | None = None) -> ModelVersion:
    """A published version by ``name@number``, ``name`` (the newest), or id. Raises NotFound naming what there is."""
    if store is None:
        from instar.store import open_store

        store = open_store()
    if is_id(what) and store.nodes.has([what]):
        node = store.nodes.get([what])[0]
        return version_from(store, node, store.nodes.numbers([what]).get(what, 0))
    name, _, number = what.rpartition("@") if "@" in what else (what, "", "")
    if number and not number.isdigit():
        raise BadInput(f"{what!r} names no version: give name@number, such as {name}@1, or an id")
    found = store.nodes.versions(named_id(project_setting(project), "model", name))
    if not found:
        names = {node.name for node in store.nodes.find(_models_of(project_setting(project)))}
        raise NotFound("model", name, names)
    numbered = dict(found)
    wanted = int(number) if number else found[-1][0]
    if wanted not in numbered:
        raise NotFound("model version", what, [f"{name}@{known}" for known in numbered])
    return version_from(store, numbered[wanted], wanted)


def _models_of(project: str) -> Any:
    from instar.store.find.query import Query, Term

    return Query((Term("kind", "model"), Term("project", project)))


def version_from(store: Store, node: Node, number: int, new: bool = False) -> ModelVersion:
    """The version of a ``model_version`` node. Raises BadInput for another kind."""
    if node.kind != "model_version":
        raise BadInput(
            f"{node.id} is a {node.kind.replace('_', ' ')}, not a model version; `instar find model_version`"
        )
    made = next((edge.dst for edge in store.nodes.edges([node.id], "out", "generated")), "")
    training = str(node.doc.get("training", ""))
    return ModelVersion(node.id, node.name, number, node.digest, node.project, made, training, node, store, new)
