"""Rules of the domain, by their names: ``from instar import rules``. ``Table.check`` asks them of a table."""

from instar.data.rules import Between, Determines, Holds, Matches, Monotone, OneOf, Present, Unique

__all__ = ["Between", "Determines", "Holds", "Matches", "Monotone", "OneOf", "Present", "Unique"]
