"""Policies: which candidate answers a request, and what is learned from the feedback.

A policy is a frozen dataclass in the table ``POLICIES``; others' policies enter by the same table, through
``@policy("name")`` or the entry-point group ``instar.policies``.
"""

from instar.serve.policies.base import POLICIES, Answer, Choice, Policy, policy, policy_from_doc, policy_to_doc
from instar.serve.policies.state import Evidence, PolicyState
from instar.serve.policies.static import Static
from instar.serve.policies.thompson import Thompson

__all__ = [
    "POLICIES",
    "Answer",
    "Choice",
    "Evidence",
    "Policy",
    "PolicyState",
    "Static",
    "Thompson",
    "policy",
    "policy_from_doc",
    "policy_to_doc",
]
