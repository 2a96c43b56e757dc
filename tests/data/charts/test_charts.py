from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from instar.base.errors import BadInput
from instar.data import charts
from instar.data.charts import Chart

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
DRAWN: dict[str, Callable[[str], Chart]] = {
    "bars": lambda title: charts.bars([3, -2, None], ["a<b", "b", "c"], title=title, x="rows"),
    "histogram": lambda title: charts.histogram([5, 5, 5], [0, 1, 4, 4], title=title, x="minutes"),
    "lines": lambda title: charts.lines({"one": [1, None, 3], "two": [2, 2, math.nan]}, title=title, marks=True),
    "dates": lambda title: charts.lines({"rain": [1, 4]}, [date(2012, 1, 1), date(2012, 3, 1)], title=title),
    "segments": lambda title: charts.segments(
        [0, 1, 2, 3], [(0, 2, 0.5, "a"), (2, 4, 2.5, "b")], levels=[1], title=title
    ),
    "points": lambda title: charts.points([1, 2, None], [1, 2, 3], ["red", "blue", "red"], title=title),
    "boxes": lambda title: charts.boxes([(0, 0, 1, 1), (1, 0, 3, 1)], [10, 10], ([0.5], [0.5]), title=title),
    "heat": lambda title: charts.heat([[1, -1], [None, 0]], ["a", "b"], ["c", "d"], title=title),
    "pictures": lambda title: charts.pictures([PIXEL, PIXEL], ["one", "two"], title=title),
    "no bars": lambda title: charts.bars([], [], title=title),
    "no lines": lambda title: charts.lines({}, title=title),
    "no rows": lambda title: charts.points([], [], title=title),
    "one value": lambda title: charts.histogram([7], [3, 3], title=title),
    "no cells": lambda title: charts.heat([], [], [], title=title),
    "no pictures": lambda title: charts.pictures([], title=title),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_well_formed_says_its_title_runs_nothing_and_is_always_the_same(name: str) -> None:
    chart = DRAWN[name]('Title with <b> & "quotes"')
    root = ElementTree.fromstring(chart.svg)
    assert root.get("aria-label") == root[0].text == 'Title with <b> & "quotes"'
    assert root.get("role") == "img"
    assert "script" not in chart.svg
    assert "nan" not in chart.svg
    assert "inf" not in chart.svg
    assert "prefers-color-scheme:dark" in chart.svg
    assert DRAWN[name]('Title with <b> & "quotes"').svg == chart.svg


def test_bars_of_unequal_bins_tell_their_counts_by_area() -> None:
    root = ElementTree.fromstring(charts.histogram([10, 10], [0, 1, 5]).svg)
    one, two = (each for each in root.iter() if each.get("class") == "edge")
    areas = [float(each.get("width", 0)) * float(each.get("height", 0)) for each in (one, two)]
    assert areas[0] == pytest.approx(areas[1], rel=0.01)


def test_figures_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(BadInput, match="2 values and 1 labels"):
        charts.bars([1, 2], ["a"])
    with pytest.raises(BadInput, match="need 3 edges that grow"):
        charts.histogram([1, 2], [3, 2, 1])
    with pytest.raises(BadInput, match="each row needs both"):
        charts.points([1], [])
    with pytest.raises(BadInput, match="1 places on the axis"):
        charts.lines({"a": [1, 2]}, [0])
    with pytest.raises(BadInput, match="1 rows of 2 figures"):
        charts.heat([[1]], ["a"], ["b", "c"])
    with pytest.raises(BadInput, match="no PNG, JPEG or GIF"):
        charts.pictures([b"text"])


def test_a_chart_is_saved_as_it_is_and_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    chart = charts.bars([1], ["a"], title="One")
    assert chart.save(tmp_path / "deep" / "one.svg").read_text() == chart.svg == chart._repr_html_() == str(chart)


def test_control_characters_do_not_break_the_picture() -> None:
    ElementTree.fromstring(charts.bars([1], ["a\x00b\x1f"], title="\x0c").svg)
