"""Rules of the domain: what must be true of a row, or of rows together, and what is done about those that break it."""

from instar.data.rules.bounds import Between
from instar.data.rules.determines import Determines
from instar.data.rules.holds import Holds
from instar.data.rules.monotone import Monotone
from instar.data.rules.rule import RULES, Rule, rule_from
from instar.data.rules.unique import Unique
from instar.data.rules.values import Matches, OneOf, Present

__all__ = [
    "RULES",
    "Between",
    "Determines",
    "Holds",
    "Matches",
    "Monotone",
    "OneOf",
    "Present",
    "Rule",
    "Unique",
    "rule_from",
]
