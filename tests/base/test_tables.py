"""Tables of parts by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from instar.base.errors import Conflict, NotFound
from instar.base.tables import Table


def test_a_name_is_given_once() -> None:
    table: Table[type] = Table("shape", "instar.no such group")
    table.register("circle")(int)
    table.add("circle", int)
    with pytest.raises(Conflict, match="shape 'circle' is there already"):
        table.add("circle", float)


def test_an_unknown_name_says_what_is_there() -> None:
    table: Table[type] = Table("shape", "instar.no such group")
    table.add("circle", int)
    with pytest.raises(NotFound, match="no shape 'circel'; did you mean 'circle'"):
        table["circel"]


def test_another_package_offers_its_parts_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shapes_plugin.py").write_text("class Square: pass\n")
    info = tmp_path / "shapes_plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes-plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[instar.test_shapes]\nsquare = shapes_plugin:Square\n")
    monkeypatch.syspath_prepend(tmp_path)
    table: Table[type] = Table("shape", "instar.test_shapes")
    assert table["square"].__name__ == "Square"
    assert list(table) == ["square"]
