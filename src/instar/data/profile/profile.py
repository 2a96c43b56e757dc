"""A profile: what is in each column of a dataset version, what goes together and what is suspicious."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from instar.data.charts.shown import Shown
from instar.data.profile.profiled import ColumnProfile, ProfileFigures

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["ColumnProfile", "Profile"]


class Profile(Shown, ProfileFigures, frozen=True):
    """What is in a dataset version, and what is suspicious about it. Printed by rich as tables; plain values otherwise."""

    def to_html(self) -> str:
        from instar.data.profile.page import page_of

        return page_of(self)

    def _tables(self) -> Iterator[RenderableType]:
        from instar.data.profile.text import tables

        return tables(self)
