"""Named questions, in ``find`` or in SQL that can only read. Each is a node with versions, so it travels in a sync.

A rule has parameters: ``deployment live:yes from::x``. In ``find`` a name stands for itself. In SQL a parameter whose name
ends in ``id`` (``:id``, ``:dataset_id``) is given the whole id of what a person names. A rule in SQL that came from
elsewhere is shown, and run only when its origin is trusted or the caller says so: it sees all projects of the store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from instar.base import clock
from instar.base.actor import actor
from instar.base.digests import digest_value
from instar.base.errors import BadInput, NotFound, suggestion
from instar.base.ids import named_id, version_id
from instar.base.names import check_name
from instar.base.settings import project_setting
from instar.store.find.conditions import Query, Term
from instar.store.find.query import parse
from instar.store.find.shipped import SHIPPED
from instar.store.find.terms import is_number
from instar.store.find.written import quoted
from instar.store.protocols import reads, writes
from instar.store.records import Edge, Label, Node, Record, Rows
from instar.store.sql.statement import statement
from instar.store.store import Store
from instar.store.trust import need_trust

NAMED, VERSION = "rule", "rule_version"
REMOVED = "removed"  # the label of a rule that is not asked any more; its versions stay
_SQL = re.compile(r"\s*(select|with|values|insert|update|delete|drop|create|alter|attach|pragma|copy|explain)\s", re.I)
_IN_FIND = re.compile(r"(?<=[:<>=]):([A-Za-z_]\w*)")
_IN_SQL = re.compile(r"'(?:[^']|'')*'|(?<!:):([A-Za-z_]\w*)")
_EXAMPLE = "0"  # reads as text, as a number and as a name


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named question.

    language : "find" or "sql";  text : with its parameters;  note : what it answers
    id, number, by, created_at : of the version; empty for one that Instar brings
    """

    name: str
    language: str
    text: str
    note: str = ""
    parameters: tuple[str, ...] = ()
    id: str = ""
    number: int = 0
    by: str = ""
    created_at: int = 0


class Answer(msgspec.Struct, frozen=True):
    """What a rule found: nodes, or rows when it is in SQL."""

    rule: Rule
    nodes: tuple[Node, ...] = ()
    rows: Rows | None = None


@writes()
def add(store: Store, name: str, text: str, note: str = "", project: str = "") -> Rule:
    """Keep a question under a name; a new text is a new version. Raises BadInput for one that cannot be read."""
    check_name("rule", name)
    if name in SHIPPED:
        raise BadInput(f"the rule {name!r} comes with Instar; give yours another name")
    language, parameters = _looked_through(text)
    project, at, by = project_setting(project or None), clock.now(), actor().name
    doc = {"language": language, "text": text, "note": note}
    named = named_id(project, NAMED, name)
    digest = digest_value(doc)
    id = version_id(project, VERSION, name, digest)
    nodes = (Node(named, NAMED, "", project, name, at, by), Node(id, VERSION, digest, project, name, at, by, doc))
    store.nodes.put([Record(nodes, (Edge(id, "specialization", named),))])
    if _removed(store, [named]):
        store.labels.set([Label(named, REMOVED, "")])
    return _rule(store.nodes.get([id])[0], store.nodes.numbers([id])[id], parameters)


@reads()
def rules(store: Store, project: str = "") -> list[Rule]:
    """The newest version of each rule of the project, then those that Instar brings."""
    query = Query((Term("kind", VERSION), Term("project", project_setting(project or None))), limit=10_000)
    nodes = store.nodes.find(query)
    numbers = store.nodes.numbers([node.id for node in nodes])
    newest: dict[str, Node] = {}
    for node in sorted(nodes, key=lambda node: numbers.get(node.id, 0)):
        newest[named_id(node.project, NAMED, node.name)] = node
    gone = _removed(store, list(newest))
    own = [_rule(node, numbers.get(node.id, 0)) for id, node in newest.items() if id not in gone]
    return sorted(own, key=lambda rule: rule.name) + [_shipped(name) for name in SHIPPED]


@reads()
def rule(store: Store, name: str, project: str = "") -> Rule:
    """The rule with this name, in its newest version, or ``name@number``. Raises NotFound naming those there are."""
    if name in SHIPPED:
        return _shipped(name)
    plain, _, number = name.partition("@")
    named = named_id(project_setting(project or None), NAMED, plain)
    found = dict(store.nodes.versions(named))
    wanted = int(number) if number.isdigit() and len(number) < 10 else max(found, default=0)
    if wanted not in found or (not number and _removed(store, [named])):
        raise NotFound("rule", name, [each.name for each in rules(store, project)])
    return _rule(found[wanted], wanted)


@writes()
def remove(store: Store, name: str, project: str = "") -> None:
    """Ask a rule no more. Its versions stay on record; adding it again brings it back."""
    if name in SHIPPED:
        raise BadInput(f"the rule {name!r} comes with Instar and cannot be removed")
    rule(store, name, project)
    store.labels.set([Label(named_id(project_setting(project or None), NAMED, name), REMOVED, "yes")])


@reads()
def ask(
    store: Store,
    name: str,
    parameters: Mapping[str, str] = {},
    limit: int = 1000,
    trust: bool = False,
    project: str = "",
) -> Answer:
    """What a rule finds now. parameters : a value for each of its own, a thing by id or name

    trust : also run one in SQL that came from elsewhere; look at it first. Raises UntrustedCode without
    """
    asked = rule(store, name, project)
    _complete(asked, parameters)
    if asked.language == "find":
        text = _IN_FIND.sub(lambda found: quoted(parameters[found[1]]), asked.text)
        return Answer(asked, nodes=tuple(store.nodes.find(parse(text, limit))))
    if asked.id and not trust:
        need_trust(store, asked.id, f"the rule {name!r} in SQL", how="`instar rule run --trust` runs it once")
    values = {key: _value(store, key, value, project) for key, value in parameters.items()}
    return Answer(asked, rows=store.catalogue.select(asked.text, values, limit))


def _looked_through(text: str) -> tuple[str, tuple[str, ...]]:
    """The language of a rule and its parameters. Raises BadInput, before anything is kept."""
    if _SQL.match(text):
        parameters = _parameters("sql", text)
        statement(text, dict.fromkeys(parameters, 0))
        return "sql", parameters
    parse(_IN_FIND.sub(_EXAMPLE, text))
    return "find", _parameters("find", text)


def _parameters(language: str, text: str) -> tuple[str, ...]:
    found = (_IN_SQL if language == "sql" else _IN_FIND).finditer(text)
    return tuple(dict.fromkeys(each[1] for each in found if each[1]))


def _complete(asked: Rule, given: Mapping[str, str]) -> None:
    for key in given:
        if key not in asked.parameters:
            raise BadInput(f"rule {asked.name}: it has no parameter {key!r}; {suggestion(key, asked.parameters)}")
    for key in asked.parameters:
        if key not in given:
            raise BadInput(f"rule {asked.name}: give its parameter {key!r}, as {key}=VALUE")


def _value(store: Store, key: str, value: str, project: str) -> str | int | float:
    if key == "id" or key.endswith("_id"):
        return store.nodes.resolve(value, project)
    if not is_number(value):
        return value
    return int(value) if re.fullmatch(r"-?\d{1,18}", value) else float(value)


def _removed(store: Store, named: list[str]) -> set[str]:
    labels = store.labels.of(named)
    return {id for id in named if REMOVED in labels[id] and labels[id][REMOVED].value}


def _rule(node: Node, number: int, parameters: tuple[str, ...] | None = None) -> Rule:
    text, language = str(node.doc.get("text", "")), str(node.doc.get("language", "find"))
    known = _parameters(language, text) if parameters is None else parameters
    note = str(node.doc.get("note", ""))
    return Rule(node.name, language, text, note, known, node.id, number, node.created_by, node.created_at or 0)


def _shipped(name: str) -> Rule:
    language, text, note = SHIPPED[name]
    return Rule(name, language, text, note, _parameters(language, text))
