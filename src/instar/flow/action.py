"""Verbs that do something of their own: they read tables and values, and write what they made."""

from __future__ import annotations

from abc import abstractmethod

from instar.flow.outcome import Outcome
from instar.flow.step import Step, Verb
from instar.flow.work import Work


class Action(Verb):
    """A verb that is executed as a step of its own."""

    @abstractmethod
    def execute(self, work: Work, step: Step) -> Outcome:
        """Do it. Called once a step, after the steps before it."""
