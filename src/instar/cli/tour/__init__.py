"""``instar tour``: the whole life cycle on real data, stage by stage."""

from instar.cli.tour.command import tour

__all__ = ["tour"]
