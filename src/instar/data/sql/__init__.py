"""Questions in SQL over dataset versions: locked down, out of core, with lineage when the answer is kept."""

from instar.data.sql.answer import sql

__all__ = ["sql"]
