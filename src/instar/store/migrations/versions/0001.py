"""The first schema: what ``sql/tables.py`` said at version 0001."""

from __future__ import annotations

from alembic import op

from instar.store.sql import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind())
