"""Finding, and questions in SQL, in a store on PostgreSQL."""

from __future__ import annotations

import pytest
from tests.contracts.store.catalogue import CatalogueContract
from tests.contracts.store.find import FindContract

from instar.store import Store


@pytest.fixture
def store(shared_store: Store) -> Store:
    return shared_store


class TestFindOnPostgresql(FindContract):
    pass


class TestCatalogueOnPostgresql(CatalogueContract):
    pass
