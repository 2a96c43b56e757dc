"""Schema changes, by alembic. Imported only when a store's schema is older than ours: alembic costs a second.

To change the schema: edit ``sql/tables.py``, add ``versions/000N.py`` with ``revision`` and ``down_revision``, and raise
``tables.HEAD``. A test checks that the migrations from nothing give the same tables as ``tables.py``.
"""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from instar.store.sql.tables import VERSION_TABLE


def upgrade(connection: Connection, to: str) -> None:
    """Bring the database behind ``connection`` to revision ``to``, in the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    scripts = ScriptDirectory.from_config(config)

    def steps(revision: object, _: object) -> object:
        return scripts._upgrade_revs(to, revision)  # type: ignore[arg-type]

    with EnvironmentContext(config, scripts, fn=steps, as_sql=False, destination_rev=to) as environment:
        environment.configure(connection=connection, version_table=VERSION_TABLE, transactional_ddl=False)
        environment.run_migrations()
