"""The page of a profile, and what a profile says about columns together."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl

from instar.data.datasets.dataset import import_data
from instar.data.profile import associations
from instar.data.profile.bins import Bins, equal_depth, equal_width
from instar.data.profile.profile import Profile
from instar.data.summaries import QuantileGrid
from instar.store import Store

FRAME = pl.DataFrame(
    {
        "city": ["Rio", "Petrópolis", "Natal", "Rio"] * 30,
        "state": ["RJ", "RJ", "RN", "RJ"] * 30,
        "<b>price</b>": [float(n % 17) for n in range(120)],
        "double": [2.0 * (n % 17) for n in range(120)],
        "flag": [True, False] * 60,
        "empty": pl.Series([None] * 120, dtype=pl.Float64),
    }
)


class Tags(HTMLParser):
    """Checks that every tag is closed by its own end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def profile_of(store: Store, frame: pl.DataFrame = FRAME) -> Profile:
    return import_data("t", frame, store=store, chunk_rows=50).profile()


def test_the_page_is_whole_runs_nothing_and_asks_for_nothing(store: Store, tmp_path: Path) -> None:
    path = profile_of(store).save(tmp_path / "t.html")
    tags, html = Tags(), path.read_text()
    tags.feed(html)
    assert tags.open == []
    assert {"svg", "details", "table"} <= tags.seen
    assert not {"script", "link", "img", "b>price<"} & tags.seen
    assert not re.search(r"(src|href)=\"(?!#)", html)
    assert "<b>price" not in html
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(store: Store) -> None:
    shown = profile_of(store)._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;')


def test_correlations_are_told_over_the_rows_that_have_both_and_not_of_constant_columns(store: Store) -> None:
    found = profile_of(store).correlations
    assert found.columns == ("<b>price</b>", "double")
    assert found.strongest() == [("<b>price</b>", "double", 1.0)]


def test_columns_that_tell_another_are_found(store: Store) -> None:
    profile = profile_of(store)
    found = {(each.given, each.goal): each for each in profile.dependencies}
    assert found["city", "state"].accuracy == 1.0
    assert found["city", "state"].commonest == 0.75
    assert ("state", "city") not in found  # it guesses 2 of 3 where blind guessing is right in every second row
    assert ("flag", "state") not in found
    assert "city tells state in 100.0% of the rows (guessing: 75.0%)" in str(profile)


def test_a_wide_table_is_bounded_and_says_so(store: Store) -> None:
    wide = {f"n{at}": [float(at), at + 1.5, 2.0] for at in range(associations.MOST_NUMBERS + 3)}
    words = {f"w{at}": ["a", "b", "a"] for at in range(associations.MOST_CATEGORIES + 1)}
    profile = profile_of(store, pl.DataFrame(wide | words))
    assert len(profile.correlations.columns) == associations.MOST_NUMBERS
    assert profile.limits == (
        "correlations are those of the first 30 of 33 columns of numbers",
        "dependencies are looked for among the first 12 of 13 columns with 2 to 100 values",
    )
    assert all(limit in profile.to_html() for limit in profile.limits)


def test_a_table_without_rows_has_a_page(store: Store) -> None:
    profile = profile_of(store, FRAME.clear())
    assert "Nothing suspicious was found" in profile.to_html()
    assert profile.columns[2].equal_width == Bins()


def test_bins_hold_every_value_and_a_common_value_fills_one() -> None:
    grid = QuantileGrid.of(pl.DataFrame({"x": [0] * 50 + list(range(1, 51))}), "x")
    assert equal_width(grid, 0, 50, 5) == Bins((0, 10, 20, 30, 40, 50), (60, 10, 10, 10, 10))
    depth = equal_depth(grid, 0, 50, 4)
    assert (depth.edges[:2], depth.counts[0], sum(depth.counts)) == ((0, 0), 50, 100)
    one = QuantileGrid.of(pl.DataFrame({"x": [3.0, 3.0]}), "x")
    assert equal_depth(one, 3, 3, 4) == equal_width(one, 3, 3, 4) == Bins((3, 3), (2,))
    assert one.at_or_below(one.values).tolist() == [2.0, 2.0]


def test_far_values_and_several_spellings_are_found(store: Store) -> None:
    frame = pl.DataFrame({"x": [float(n % 10) for n in range(399)] + [900.0], "w": ["Rio", "rio "] + ["Natal"] * 398})
    found = {finding.kind: finding.text for finding in profile_of(store, frame).findings}
    assert "in about 1 of 400 rows, as far as 900" in found["far values"]
    assert found["several spellings"] == "w has values that differ only in case or spaces: 'Rio', 'rio '"
