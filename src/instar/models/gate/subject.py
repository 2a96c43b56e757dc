"""What the checks read about a version: from the record only, each thing once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from instar.base.errors import BadInput
from instar.models.ancestry import Ancestry, read_ancestry
from instar.models.bundle import Description, read_description
from instar.models.evaluate import Report
from instar.models.gate.clean import Measured, measure_apart
from instar.models.leak import Leak, judge
from instar.models.published import Published
from instar.models.recording import SAMPLE
from instar.models.shelf import bundle_folder, file_of
from instar.models.vouched import need_vouched
from instar.store.records import Node

if TYPE_CHECKING:
    from instar.store import Store


class Subject:
    """A version before the gate. evaluation : id of the evaluation to judge by; chosen when empty"""

    def __init__(self, version: Published, evaluation: str = "") -> None:
        self.version = version
        self._asked = evaluation
        if evaluation and evaluation not in {node.id for node in self.evaluations}:
            raise BadInput(f"{evaluation} is no evaluation of {version}; `instar why {evaluation}` says what it is of")

    @property
    def store(self) -> Store:
        return self.version.store

    @cached_property
    def training(self) -> Node:
        return self.store.nodes.get([self.version.training])[0]

    @cached_property
    def evaluations(self) -> list[Node]:
        """The evaluations of what this training made, newest first."""
        edges = self.store.nodes.edges([self.version.training], "in", "informed")
        readers = list(dict.fromkeys(edge.src for edge in edges if edge.role.startswith("model:")))
        found = [
            node
            for node in self.store.nodes.get(readers)
            if node.kind == "activity" and node.doc.get("verb") == "evaluate"
        ]
        return sorted(found, key=lambda node: (node.created_at or 0, node.id), reverse=True)

    @cached_property
    def evaluation(self) -> Node | None:
        """The one asked for, else the newest without a leak, else the newest: what is judged is always named."""
        if self._asked:
            return next(node for node in self.evaluations if node.id == self._asked)
        clean = (node for node in self.evaluations if self._leak_of(node).verdict == "passed")
        return next(clean, self.evaluations[0] if self.evaluations else None)

    @cached_property
    def ancestry(self) -> Ancestry:
        """The activities above the training and its evaluations."""
        return read_ancestry(self.store.nodes, [self.version.training, *(node.id for node in self.evaluations)])

    def _leak_of(self, evaluation: Node) -> Leak:
        return judge(self.ancestry, self.version.training, evaluation.id)

    @cached_property
    def leak(self) -> Leak | None:
        """The leak check for the evaluation; None when there is none."""
        return None if self.evaluation is None else self._leak_of(self.evaluation)

    @cached_property
    def report_id(self) -> str:
        """The id of the evaluation's report; empty when there is none."""
        if self.evaluation is None:
            return ""
        edges = self.store.nodes.edges([self.evaluation.id], "in", "generated")
        return next((edge.src for edge in edges if edge.role == "report"), "")

    @cached_property
    def report(self) -> Report | None:
        data = file_of(self.store, self.report_id, "report.json") if self.report_id else None
        return None if data is None else Report.from_bytes(data)

    @property
    def evaluated_rows(self) -> int:
        """How many rows the evaluation judged; 0 when there is none."""
        if self.report is not None:
            return self.report.rows
        return 0 if self.evaluation is None else int(self.evaluation.doc.get("rows", 0))

    @cached_property
    def description(self) -> Description:
        with bundle_folder(self.store, self.version.bundle_id) as folder:
            return read_description(folder)

    @cached_property
    def sample(self) -> pl.DataFrame | None:
        """Raw rows of the evaluation, else of the training; None when neither kept any."""
        for activity in (self.evaluation, self.training):
            if activity is not None and (data := file_of(self.store, activity.id, SAMPLE)) is not None:
                return pl.read_parquet(data)
        return None

    @cached_property
    def measured(self) -> Measured:
        """What a clean process says of the bundle: one process serves every check that asks."""
        with bundle_folder(self.store, self.version.bundle_id) as folder:
            need_vouched(self.store, self.version.bundle_id, folder)
            return measure_apart(folder, self.sample)
