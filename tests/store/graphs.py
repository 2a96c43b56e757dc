"""Lineages for tests: one written by hand, and random ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from tests.contracts.store.nodes import content, event, link

from instar.base.ids import named_id, version_id
from instar.store import Store
from instar.store.records import Edge, Node, Param, Record


@dataclass
class Story:
    """A file, imported in chunks, prepared, trained on and deployed. Parts can be changed before it is put."""

    film: str = "f"
    chunks: int = 6
    rate: float = 0.1
    seed: int = 1
    library: str = "1.0"
    script: str = "aa"
    strategy: str = "median"
    name: str = "rating"
    nodes: dict[str, Node] = field(default_factory=dict)

    def put(self, store: Store) -> Story:
        file, code = content("file", self.film), Node(content("code", self.script).id, "code", self.script)
        code = Node(code.id, "code", self.script, doc={"script": "train.py", "files": {"train.py": self.script}})
        environment = content("environment", self.library)
        packages = {"python": "3.11", "packages": {"polars": self.library, "numpy": "2"}}
        environment = Node(environment.id, "environment", self.library, doc=packages)
        load = _step("import", "import films", {"format": "csv"})
        version = Node(
            version_id("p", "dataset_version", "films", self.film), "dataset_version", self.film, "p", "films", 5, "ana",
            {"rows": 10 * self.chunks, "columns": [{"name": "Year", "type": "int64"}]},
        )  # fmt: skip
        named = Node(named_id("p", "dataset", "films"), "dataset", project="p", name="films")
        chunks = [content("chunk", f"{self.film}{number}") for number in range(self.chunks)]
        operators: list[dict[str, Any]] = [{"operator": "impute", "columns": ["Year"], "strategy": self.strategy}]
        fit = _step("fit", "fit on films", {"operators": operators})
        state = content("state", self.film + self.strategy)
        parameters: dict[str, Any] = {"learner": "Ridge", "parameters": {"rate": self.rate, "random_state": self.seed}}
        train = _step("train", "train Ridge", parameters)
        model = Node(named_id("p", "model", self.name), "model", project="p", name=self.name)
        trained = Node(
            version_id("p", "model_version", self.name, train.id), "model_version", "d", "p", self.name, 9, "ana"
        )
        run = Node(event("run").id, "run", "", "p", "try", 8, "ana")
        edges: list[Edge] = [
            link(load, "used", file, "films.csv"),
            link(version, "generated", load, "out"),
            link(version, "specialization", named),
            *(link(version, "member", chunk) for chunk in chunks),
            *(link(chunk, "generated", load, "chunk") for chunk in chunks),
            link(fit, "used", version, "table"),
            link(fit, "informed", load, "table:out"),
            link(fit, "used", environment, "environment"),
            link(fit, "used", code, "code"),
            link(state, "generated", fit),
            link(train, "used", state, "preparation"),
            link(train, "informed", fit, "preparation:state"),
            link(trained, "generated", train, "version"),
            link(trained, "specialization", model),
            link(run, "informed", train, "model"),
        ]
        nodes = (file, code, environment, load, named, version, *chunks, fit, state, train, model, trained, run)
        params = (Param(run.id, "rate", repr(self.rate), self.rate),)
        store.nodes.put([Record(nodes, tuple(edges), params=params)])
        self.nodes = {
            "file": file, "load": load, "version": version, "chunk": chunks[0], "fit": fit, "state": state,
            "train": train, "model": trained, "run": run,
        }  # fmt: skip
        return self


def _step(verb: str, step: str, parameters: dict[str, Any]) -> Node:
    return Node(
        event("activity").id, "activity", "", "p", "", 7, "ana", {"verb": verb, "step": step, "parameters": parameters}
    )


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Activities that make content from what earlier ones made; equal content may be made several times."""
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    steps: list[tuple[Node, Node]] = []
    for _ in range(draw(st.integers(1, 12))):
        activity, made = event("activity", "step"), content("table", draw(st.sampled_from("abcdefgh")))
        nodes |= {activity.id: activity, made.id: made}
        edges.append(link(made, "generated", activity, "out"))
        for number in draw(st.lists(st.integers(0, len(steps) - 1), max_size=3, unique=True)) if steps else ():
            maker, read = steps[number]
            edges += [link(activity, "used", read, "table"), link(activity, "informed", maker, "table:out")]
        steps.append((activity, made))
    return Record(tuple(nodes.values()), tuple(dict.fromkeys(edges)))
