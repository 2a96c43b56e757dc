"""Finding in an embedded store."""

from __future__ import annotations

from tests.contracts.store.find import FindContract


class TestFindInAFolder(FindContract):
    pass
