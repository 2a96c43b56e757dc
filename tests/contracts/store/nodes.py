"""What every implementation of Nodes promises. A subclass gives the ``nodes`` fixture: an empty one."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from instar.base import clock
from instar.base.errors import BadInput, Conflict, NotFound
from instar.base.ids import content_id, event_id, named_id, version_id
from instar.store.find.query import parse
from instar.store.protocols import Nodes
from instar.store.records import Edge, Feature, File, Node, Param, Record, Relation


def content(kind: str, digest: str) -> Node:
    return Node(content_id(kind, digest), kind, digest)


def event(kind: str, name: str = "") -> Node:
    return Node(event_id(), kind, project="p", name=name, created_at=clock.now(), created_by="ana")


def model_version(name: str, digest: str, learner: str = "LogisticRegression") -> Record:
    named = Node(named_id("p", "model", name), "model", project="p", name=name)
    version = Node(
        version_id("p", "model", name, digest),
        "model_version",
        digest,
        "p",
        name,
        clock.now(),
        "ana",
        {"learner": learner},
    )
    return Record(nodes=(named, version), edges=(Edge(version.id, "specialization", named.id),))


def link(src: Node, rel: Relation, dst: Node, role: str = "") -> Edge:
    return Edge(src.id, rel, dst.id, role)


class NodesContract:
    """Nodes and edges: immutable, append-only, acyclic."""

    def test_what_was_put_is_read_back_with_everything_that_hangs_on_it(self, nodes: Nodes) -> None:
        node = event("run", "baseline")
        file = content("file", "f" * 64)
        nodes.put(
            [
                Record(
                    nodes=(node, file),
                    edges=(link(node, "used", file, "table"),),
                    features=(Feature(node.id, "Genre", "string"), Feature(node.id, "Age", "int64", "year")),
                    params=(Param(node.id, "lr", "0.1", 0.1),),
                    files=(File(node.id, "a/b.txt", "f" * 64, 3),),
                )
            ]
        )
        assert nodes.get([file.id, node.id]) == [file, node]
        assert nodes.edges([node.id], "out") == nodes.edges([file.id], "in") == [link(node, "used", file, "table")]
        assert [feature.name for feature in nodes.features([node.id])] == ["Genre", "Age"]
        assert nodes.params([node.id]) == [Param(node.id, "lr", "0.1", 0.1)]
        assert nodes.files([node.id]) == [File(node.id, "a/b.txt", "f" * 64, 3)]

    def test_putting_the_same_thing_again_changes_nothing(self, nodes: Nodes) -> None:
        record = model_version("rating", "d1")
        nodes.put([record])
        before = nodes.since()
        nodes.put([record, record])
        assert nodes.since() == before

    def test_the_same_id_with_another_digest_is_refused_and_nothing_is_kept(self, nodes: Nodes) -> None:
        node = content("file", "aa")
        nodes.put([Record((node,))])
        other = event("run")
        with pytest.raises(Conflict, match="never change"):
            nodes.put([Record((other, Node(node.id, "file", "bb")))])
        assert nodes.has([other.id, node.id]) == {node.id}

    def test_of_two_times_the_earlier_one_is_kept_in_whatever_order_they_arrive(self, nodes: Nodes) -> None:
        id = named_id("p", "model", "m")
        early = Node(id, "model", project="p", name="m", created_at=5, created_by="eva")
        late = Node(id, "model", project="p", name="m", created_at=9, created_by="ana")
        nodes.put([Record((late,))])
        nodes.put([Record((early,))])
        nodes.put([Record((late,))])
        assert nodes.get([id]) == [early]

    def test_of_two_times_in_one_call_the_earlier_one_is_kept(self, nodes: Nodes) -> None:
        early = Node(event_id(), "model", created_at=1, created_by="ana", doc={"a": 1})
        late = msgspec.structs.replace(early, created_at=2, created_by="eva", doc={})
        nodes.put([Record((late,)), Record((early, late))])
        assert (nodes.get([early.id])[0].created_at, nodes.get([early.id])[0].created_by) == (1, "ana")

    def test_an_edge_to_an_unknown_node_is_refused_and_nothing_is_kept(self, nodes: Nodes) -> None:
        node = event("run")
        with pytest.raises(NotFound, match="put the node first"):
            nodes.put([Record((node,), (Edge(node.id, "used", "0" * 32),))])
        assert nodes.has([node.id]) == set()

    @pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "\u202egnp.exe", "  ", "é" * 500, "%'\";--", "\n\t"])
    def test_an_odd_name_is_kept_as_it_is(self, nodes: Nodes, name: str) -> None:
        run = event("run", name)
        nodes.put([Record((run,))])
        assert nodes.get([run.id])[0].name == name

    @pytest.mark.parametrize("name", ["a\x00b", "half \ud800"])
    def test_a_name_that_no_database_keeps_is_refused_and_nothing_is_kept(self, nodes: Nodes, name: str) -> None:
        good, bad = event("run", "good"), event("run", name)
        with pytest.raises(BadInput):
            nodes.put([Record((good, bad))])
        assert nodes.has([good.id, bad.id]) == set()

    def test_a_document_of_ten_megabytes_is_kept(self, nodes: Nodes) -> None:
        run = Node(event_id(), "run", project="p", doc={"text": "x" * 10_000_000})
        nodes.put([Record((run,))])
        assert nodes.get([run.id]) == [run]

    def test_nothing_may_become_its_own_ancestor(self, nodes: Nodes) -> None:
        a, b, c = (event("activity") for _ in range(3))
        nodes.put([Record((a, b, c), (link(b, "informed", a), link(c, "informed", b)))])
        for edge in (link(a, "informed", c), link(a, "informed", a)):
            with pytest.raises(BadInput, match="own ancestor"):
                nodes.put([Record(edges=(edge,))])
        d, e = event("activity"), event("activity")
        with pytest.raises(BadInput, match="own ancestor"):
            nodes.put([Record((d, e), (link(d, "informed", e), link(e, "informed", d)))])

    def test_an_old_node_that_gets_an_edge_closes_no_circle(self, nodes: Nodes) -> None:
        old = [event("activity") for _ in range(6)]
        chain = tuple(link(later, "informed", before) for before, later in pairwise(old))
        nodes.put([Record(tuple(old), chain)])
        fresh, alone = event("activity"), event("activity")
        round_about = (link(fresh, "informed", old[5]), link(old[0], "informed", fresh))
        with pytest.raises(BadInput, match=f"node ({old[0].id}|{fresh.id}|{old[5].id}).*own ancestor"):
            nodes.put([Record((fresh, alone), round_about)])
        assert nodes.has([fresh.id, alone.id]) == set()
        nodes.put(
            [
                Record((fresh, alone), (link(fresh, "informed", old[5]), link(old[0], "informed", alone))),
                Record((), chain),
            ]
        )
        assert set(nodes.ancestors(fresh.id).depth) == {node.id for node in (*old, fresh, alone)}

    def test_the_order_in_a_record_does_not_matter(self, nodes: Nodes) -> None:
        some = [event("activity") for _ in range(5)]
        nodes.put(
            [Record(tuple(reversed(some)), tuple(link(later, "informed", before) for before, later in pairwise(some)))]
        )
        assert len(nodes.ancestors(some[-1].id).nodes) == 5

    def test_a_step_may_give_again_the_content_that_it_read(self, nodes: Nodes) -> None:
        table, load, distinct = content("table", "t"), event("activity"), event("activity")
        edges = (link(table, "generated", load), link(distinct, "used", table), link(distinct, "informed", load))
        nodes.put([Record((table, load, distinct), (*edges, link(table, "generated", distinct)))])
        assert set(nodes.ancestors(distinct.id).depth) == {table.id, load.id, distinct.id}

    def test_an_unknown_node_is_an_error_that_says_how_to_look(self, nodes: Nodes) -> None:
        with pytest.raises(NotFound, match="instar find"):
            nodes.get(["0" * 32])

    def test_versions_are_numbered_in_the_order_they_arrive(self, nodes: Nodes) -> None:
        records = [model_version("rating", digest) for digest in ("d1", "d2", "d3")]
        for record in records:
            nodes.put([record])
        nodes.put([records[0]])
        versions = nodes.versions(named_id("p", "model", "rating"))
        assert [(number, node.digest) for number, node in versions] == [(1, "d1"), (2, "d2"), (3, "d3")]
        assert nodes.numbers([records[1].nodes[1].id]) == {records[1].nodes[1].id: 2}

    def test_a_version_from_elsewhere_keeps_its_number_unless_it_is_taken_here(self, nodes: Nodes) -> None:
        records = {digest: model_version("rating", digest) for digest in ("d1", "d2", "d3", "d4")}
        ids = {digest: record.nodes[1].id for digest, record in records.items()}
        nodes.put([records["d1"]])
        nodes.put([records["d2"]], numbers={ids["d2"]: 7})
        nodes.put([records["d3"]], numbers={ids["d3"]: 1})
        nodes.put([records["d3"]], numbers={ids["d3"]: 5})
        nodes.put([records["d4"]])
        assert nodes.numbers(list(ids.values())) == dict(zip(ids.values(), (1, 7, 8, 9)))
        assert nodes.since().numbers == nodes.numbers(list(ids.values()))

    def test_a_blob_names_the_files_that_lie_in_it(self, nodes: Nodes) -> None:
        node = event("run")
        nodes.put([Record((node,), files=(File(node.id, "a.txt", "f" * 64, 3),))])
        assert nodes.holders({"f" * 64, "0" * 64}) == [File(node.id, "a.txt", "f" * 64, 3)]

    def test_what_is_reached_is_named_by_kind(self, nodes: Nodes) -> None:
        a, b, run = event("activity"), event("activity"), event("run")
        nodes.put([Record((a, b, run), (link(b, "informed", a), link(run, "informed", b)))])
        assert nodes.reached(a.id, "down", ["run"]) == [run]
        assert {node.id for node in nodes.reached(run.id, "up", ["activity"])} == {a.id, b.id}

    def test_of_what_was_put_it_is_known_when_it_came_and_who_sent_it(self, nodes: Nodes) -> None:
        node = event("run")
        before = clock.now()
        nodes.put([Record((node,))])
        assert before <= nodes.received([node.id])[node.id].at <= clock.now()

    def test_as_many_are_counted_as_are_found(self, nodes: Nodes) -> None:
        nodes.put([model_version("rating", f"d{number}") for number in range(5)])
        assert nodes.count(parse("model", limit=2)) == len(nodes.find(parse("model"))) == 5

    def test_a_name_stands_for_its_newest_version_and_a_short_id_for_the_whole(self, nodes: Nodes) -> None:
        first, second = model_version("rating", "d1"), model_version("rating", "d2")
        nodes.put([first, second])
        assert nodes.resolve("rating") == second.nodes[1].id
        assert nodes.resolve("rating@1") == nodes.resolve("model:rating@1") == first.nodes[1].id
        assert nodes.resolve(first.nodes[1].id[:12]) == first.nodes[1].id
        for unknown in ("rating@9", f"rating@{9**30}", "rating@x", "rating@²", "dataset:rating", "nobody", "00000000"):
            with pytest.raises(NotFound, match="no node"):
                nodes.resolve(unknown)

    def test_one_name_of_two_kinds_is_ambiguous_until_the_kind_is_said(self, nodes: Nodes) -> None:
        nodes.put([model_version("rating", "d1")])
        named = Node(named_id("p", "dataset", "rating"), "dataset", project="p", name="rating")
        version = Node(version_id("p", "dataset", "rating", "x"), "dataset_version", "x", "p", "rating")
        nodes.put([Record((named, version), (link(version, "specialization", named),))])
        with pytest.raises(Conflict, match="kind:name"):
            nodes.resolve("rating")
        assert nodes.resolve("dataset:rating") == version.id

    def test_a_name_is_looked_up_in_the_project_that_is_given(self, nodes: Nodes) -> None:
        made = {}
        for project in ("a", "b"):
            named = Node(named_id(project, "model", "m"), "model", project=project, name="m")
            version = Node(version_id(project, "model_version", "m", "d"), "model_version", "d", project, "m")
            nodes.put([Record((named, version), (link(version, "specialization", named),))])
            made[project] = version.id
        assert {project: nodes.resolve("m@1", project) for project in made} == made
        with pytest.raises(Conflict, match="ambiguous"):
            nodes.resolve("m@1")

    def test_a_file_is_found_by_the_name_it_was_imported_under(self, nodes: Nodes) -> None:
        file, load = content("file", "f"), event("activity", "import")
        nodes.put([Record((file, load), (link(load, "used", file, "omdb.csv"),))])
        assert nodes.resolve("omdb.csv") == file.id

    def test_lineage_goes_up_to_the_sources_and_down_to_what_came_of_them(self, nodes: Nodes) -> None:
        file, load, table = content("file", "f"), event("activity", "import"), content("chunk", "c")
        fit, state = event("activity", "fit"), content("state", "s")
        nodes.put(
            [
                Record(
                    (file, load, table, fit, state),
                    (
                        link(load, "used", file),
                        link(table, "generated", load),
                        link(fit, "used", table),
                        link(fit, "informed", load),
                        link(state, "generated", fit),
                    ),
                )
            ]
        )
        up, down = nodes.ancestors(state.id), nodes.descendants(file.id)
        assert {node.id for node in up.nodes} == {node.id for node in down.nodes}
        assert (up.depth[file.id], down.depth[state.id]) == (3, 3)
        assert [node.id for node in nodes.ancestors(state.id, depth=1).nodes] == [state.id, fit.id]

    def test_equal_content_made_elsewhere_does_not_enter_the_lineage(self, nodes: Nodes) -> None:
        """Two fits learn the same state from two files: neither model may seem to come from the other's file."""
        state = content("state", "mode=Drama")
        records, files, models = [], [], []
        for name in ("one", "two"):
            file, fit, train = content("file", name), event("activity", "fit"), event("activity", "train")
            model = event("model_version", name)
            records.append(
                Record(
                    (file, fit, train, model, state),
                    (
                        link(fit, "used", file),
                        link(state, "generated", fit),
                        link(train, "used", state),
                        link(train, "informed", fit),
                        link(model, "generated", train),
                    ),
                )
            )
            files.append(file.id)
            models.append(model.id)
        nodes.put(records)
        for mine, others in ((0, 1), (1, 0)):
            assert files[mine] in nodes.ancestors(models[mine]).depth
            assert files[others] not in nodes.ancestors(models[mine]).depth
            assert models[mine] in nodes.descendants(files[mine]).depth
            assert models[others] not in nodes.descendants(files[mine]).depth
        assert set(files) <= set(nodes.ancestors(state.id).depth)  # asked of the content itself: all who made it

    def test_a_diamond_of_many_paths_is_walked_once(self, nodes: Nodes) -> None:
        layers = [[event("activity") for _ in range(3)] for _ in range(30)]
        edges = tuple(link(a, "informed", b) for upper, lower in zip(layers[1:], layers) for a in upper for b in lower)
        nodes.put([Record(tuple(node for layer in layers for node in layer), edges)])
        graph = nodes.ancestors(layers[-1][0].id)
        assert (len(graph.nodes), len(graph.edges)) == (1 + 29 * 3, 3 + 28 * 9)

    def test_find_takes_kind_learner_feature_author_and_age(self, nodes: Nodes) -> None:
        wanted, other = model_version("rating", "d1"), model_version("rating", "d2", "GaussianNB")
        nodes.put([wanted, other, Record(features=(Feature(wanted.nodes[1].id, "Genre", "string", "", "feature"),))])
        query = "model learner:LogisticRegression feature:Genre created:today by:ana"
        assert [node.digest for node in nodes.find(parse(query))] == ["d1"]
        assert [node.digest for node in nodes.find(parse("model rating"))] == ["d2", "d1"]
        assert nodes.find(parse("model feature:Title")) == nodes.find(parse("model created:>1d")) == []

    def test_find_compares_parameters_as_numbers_and_as_text(self, nodes: Nodes) -> None:
        run = event("run")
        nodes.put([Record((run,), params=(Param(run.id, "lr", "0.10", 0.1), Param(run.id, "kernel", "rbf")))])
        assert nodes.find(parse("run param.lr<0.2 param.lr=0.1 param.kernel=rbf")) == [run]
        assert nodes.find(parse("run param.lr>0.1")) == nodes.find(parse("run param.kernel=linear")) == []

    def test_a_parameter_does_not_change(self, nodes: Nodes) -> None:
        run = event("run")
        nodes.put([Record((run,), params=(Param(run.id, "lr", "0.1", 0.1),))])
        with pytest.raises(Conflict, match=r"'0.1' and cannot become '0.2'"):
            nodes.put([Record(params=(Param(run.id, "lr", "0.2", 0.2),))])

    def test_pages_hand_out_everything_once_and_no_edge_before_its_nodes(self, nodes: Nodes) -> None:
        chain = [event("activity") for _ in range(25)]
        for before, after in pairwise(chain):
            nodes.put([Record((before, after), (link(after, "informed", before),))])
        seen: list[str] = []
        edges: list[Edge] = []
        cursor, more = "", True
        while more:
            page = nodes.since(cursor, 4)
            seen += [node.id for node in page.record.nodes]
            for edge in page.record.edges:
                assert {edge.src, edge.dst} <= set(seen)
                edges.append(edge)
            cursor, more = page.cursor, page.more
        assert seen == [node.id for node in chain]
        assert len(edges) == len(chain) - 1
        with pytest.raises(BadInput, match="cursor"):
            nodes.since("elsewhere")
