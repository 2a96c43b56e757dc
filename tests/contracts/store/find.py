"""What every store finds. A subclass gives the ``store`` fixture: an empty one."""

from __future__ import annotations

from itertools import product

import pytest

from instar.base import clock
from instar.base.errors import BadInput, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store import Store
from instar.store.find.conditions import Order, Query, Term
from instar.store.find.query import parse
from instar.store.records import Edge, Feature, Label, Metric, Node, Param, Record

DAY = 86_400 * clock.SECOND
NOW = clock.now()
NAN = float("nan")

CASES = [
    ("run", "edcba"),
    ("run by:ana -param.lr=0.1", "ec"),
    ("param.lr=0.1 or stage:live", "dba"),
    ("run not (param.lr<0.15 or metric.auc>=0.9)", "ec"),
    ("param.lr>0.05 param.lr<0.15", "da"),
    ("param.lr!=0.1", "cb"),
    ("param.lr=auto", "c"),
    ('param.version="1.10"', "d"),
    ("param.version=1.1", ""),
    ("param.kernel>poly", "a"),
    ("metric.loss<=0.5 metric.auc>0.6", "ba"),
    ("metric.loss<inf", "ba"),
    ("metric.loss=inf", "d"),
    ("metric.loss=nan", "c"),
    ("run -metric.loss=nan", "edba"),
    ("metric.loss!=nan", "dba"),
    ("metric.loss!=0.5", "dcb"),
    ("tag:gold", "a"),
    ("run -tag:gold", "edcb"),
    ("experiment:x", "d"),
    ('label.note!=""', "c"),
    ('run label.stage=""', "edca"),
    ("label.stage!=trial", "b"),
    ("first", "c"),
    ("live or gold", "ba"),
    ('"100%"', ""),
    ("_", ""),
    ("created:<15d", "ed"),
    ("run created:>15d", "cba"),
    ("name:a or name:e", "ea"),
    ("run project:q", ""),
    ("run order:name", "abcde"),
    ("run order:-name", "edcba"),
    ("run order:created", "abcde"),
    ("run order:metric.loss", "badec"),
    ("run order:-metric.loss", "dabec"),
    ("run order:metric.auc", "dacbe"),
    ("run order:-metric.auc", "bcdae"),
    ("run order:param.lr", "dabce"),
    ("run order:-param.lr", "bdace"),
    ("metric.auc>0.65 order:-metric.auc limit:2", "bc"),
    ("param.lr<1 metric.auc<1 order:metric.loss", "bad"),
]
SENSELESS = [
    Query((Term("nothing", "x"),)),
    Query((Term("metric", "high", "<", "auc"),)),
    Query((Term("created", "soon", "<"),)),
    Query((Term("name", "a\0b"),)),
    Query((Term("name", "\ud800"),)),
    Query((Term("metric", "1", "; DROP TABLE node", "auc"),)),
    Query((Term("tag", "a"),) * 1000),
    Query(order=Order("doc")),
    Query(order=Order("metric")),
    Query(limit=-1),
]


def run(name: str, days: float = 0, by: str = "ana", **params: object) -> Record:
    """A run ``days`` ago."""
    node = Node(event_id(), "run", project="p", name=name, created_at=NOW - int(days * DAY), created_by=by)
    values = {key: str(value) for key, value in params.items()}
    numbers = {key: float(value) if isinstance(value, int | float) else None for key, value in params.items()}
    return Record((node,), params=tuple(Param(node.id, key, values[key], numbers[key]) for key in values))


def metrics(store: Store, record: Record, **values: float) -> None:
    store.metrics.append([Metric(record.nodes[0].id, key, 0, NOW, value) for key, value in values.items()])


def found(store: Store, text: str) -> list[str]:
    query = parse(text)
    nodes = store.nodes.find(query)
    assert store.nodes.count(query) == len(nodes) or len(nodes) == query.limit
    return [node.name for node in nodes]


class FindContract:
    """The conditions, the order, and the pages."""

    @pytest.fixture
    def runs(self, store: Store) -> dict[str, Record]:
        """Five runs, oldest first; each has something that no other has."""
        made = {
            "a": run("a", 40, lr=0.1, kernel="rbf"),
            "b": run("b", 30, by="eva", lr=0.2, kernel="poly"),
            "c": run("c", 20, lr="auto"),
            "d": run("d", 10, lr=0.1, version="1.10"),
            "e": run("e", 0.01),
        }
        store.nodes.put(list(made.values()))
        for name, loss, auc in (("a", 0.5, 0.7), ("b", 0.2, 0.9), ("c", NAN, 0.8), ("d", float("inf"), 0.7)):
            metrics(store, made[name], loss=loss, auc=auc)
        labels = [
            ("a", "tag.gold", "yes"),
            ("b", "stage", "live"),
            ("c", "note", "the First try"),
            ("d", "experiment", "x"),
        ]
        store.labels.set([Label(made[name].nodes[0].id, key, value) for name, key, value in labels])
        store.labels.set([Label(made["d"].nodes[0].id, "tag.gold", "yes")])
        store.labels.set([Label(made["d"].nodes[0].id, "tag.gold", "")])
        return made

    def test_conditions_and_order(self, store: Store, runs: dict[str, Record]) -> None:
        for text, names in CASES:
            assert "".join(found(store, text)) == names, text

    def test_pages_are_the_whole_in_its_order(self, store: Store, runs: dict[str, Record]) -> None:
        content = Record(tuple(Node(content_id("file", digit), "file", digit) for digit in "123"))
        store.nodes.put([content, run("b", 30), run("", 3)])
        for key, sign, size in product(("created", "name", "metric.loss", "metric.auc", "param.lr"), ("", "-"), (1, 3)):
            order = f"order:{sign}{key}"
            whole = [node.id for node in store.nodes.find(parse(order))]
            assert len(whole) == 10
            seen, after = list[str](), ""
            while page := store.nodes.find(parse(f"{order} limit:{size}{after}")):
                seen += [node.id for node in page]
                after = f" after:{seen[-1]}"
            assert seen == whole, order

    def test_a_page_after_something_unknown_is_refused(self, store: Store) -> None:
        with pytest.raises(NotFound, match="last of no page"):
            store.nodes.find(Query(after="0" * 32))

    def test_a_feature_is_asked_for_with_its_type_unit_and_role(self, store: Store) -> None:
        nodes = [Node(named_id("p", "t", name), "model_version", name, "p", name, NOW) for name in "xy"]
        x, y = (node.id for node in nodes)
        features = (
            Feature(x, "Age", "int64", "year", "feature"),
            Feature(x, "Rated", "string", "", "target"),
            Feature(y, "Age", "float64", "month", "target"),
            Feature(y, "ID", "int64", "", "id"),
        )
        store.nodes.put([Record(tuple(nodes), features=features)])
        for text, names in {
            "feature:Age": "x",
            "feature:Age[type=int64,unit=year]": "x",
            "feature:Age[unit=month]": "",
            "feature:Age[role=target]": "y",
            "target:Age": "y",
            "feature:ID": "y",
            "feature:[type=int64]": "yx",
            "-feature:Age": "y",
        }.items():
            assert sorted(found(store, text)) == sorted(names), text

    def test_lineage_is_asked_for_both_ways(self, store: Store) -> None:
        file = Node(content_id("file", "f"), "file", "f")
        load, fit = (Node(event_id(), "activity", project="p", name=name, created_at=NOW) for name in ("load", "fit"))
        model = Node(named_id("p", "m", "m"), "model_version", "m", "p", "m", NOW + 1)
        edges = (
            Edge(load.id, "used", file.id, "films.csv"),
            Edge(fit.id, "informed", load.id),
            Edge(model.id, "generated", fit.id),
        )
        store.nodes.put([Record((file, load, fit, model), edges)])
        assert found(store, "from:films.csv order:name") == ["fit", "load", "m"]
        assert found(store, f"model_version from:{load.id}") == ["m"]
        assert found(store, "activity used-by:m order:name") == ["fit", "load"]
        assert found(store, "file used-by:m") == [""]
        assert found(store, "file FILMS") == [""]  # a file is called what its import called it
        assert found(store, "file songs.csv") == []
        assert found(store, "model_version -from:films.csv") == []
        with pytest.raises(NotFound, match="nothing"):
            found(store, "from:nothing")

    def test_a_live_deployment_is_the_version_that_its_label_names(self, store: Store) -> None:
        named = Node(named_id("p", "deployment", "d"), "deployment", project="p", name="d")
        versions = [
            Node(version_id("p", "deployment", "d", digest), "deployment_version", digest, "p", digest, NOW + at)
            for at, digest in enumerate(("one", "two"))
        ]
        store.nodes.put([Record((named, *versions))])
        store.labels.set([Label(named.id, "live", versions[0].id)])
        store.labels.set([Label(named.id, "live", versions[1].id)])
        assert (found(store, "live:yes"), found(store, "deployment live:no")) == (["two"], ["one"])
        store.labels.set([Label(named.id, "live", "")])
        assert found(store, "live:yes") == []

    def test_the_few_and_the_many_are_found_alike(self, store: Store) -> None:
        """Past a thousand, the plan is another one."""
        records = [run(f"r{at:04}", 1 - at / 10_000, lr=at % 2, rare=at % 700) for at in range(1400)]
        store.nodes.put(records)
        store.metrics.append([Metric(each.nodes[0].id, "m", 0, NOW, at) for at, each in enumerate(records)])
        assert found(store, "run param.rare=3 order:metric.m") == ["r0003", "r0703"]
        assert found(store, "run param.lr<2 metric.m>=5 order:metric.m limit:2") == ["r0005", "r0006"]
        assert found(store, "run param.lr<2 order:-created limit:1") == ["r1399"]
        assert store.nodes.count(parse("param.lr<2 metric.m<1200")) == 1200
        assert store.nodes.count(parse("run")) == 1400

    def test_a_query_made_by_hand_that_means_nothing_is_refused(self, store: Store) -> None:
        for query in SENSELESS:
            with pytest.raises(BadInput):
                store.nodes.find(query)
            with pytest.raises(BadInput):
                store.nodes.count(query)

    def test_values_are_never_read_as_sql(self, store: Store, runs: dict[str, Record]) -> None:
        for text in ("'; DROP TABLE node; --", "%", "?", "\\", "$1", ":x", "{}", "%s"):
            for key in ("name", "tag", "stage", "learner", "feature", "by", "digest", "id", "text"):
                assert store.nodes.find(Query((Term(key, text),))) == []
            assert store.nodes.find(Query((Term("param", text, "=", text),))) == []
        assert len(found(store, "run")) == 5
