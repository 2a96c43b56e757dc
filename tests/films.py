"""Two small tables of films, made up, with the dirt of real ones: nulls, empty text, a wholly empty column."""

from __future__ import annotations

import numpy as np
import polars as pl

from instar.data.datasets.dataset import DatasetVersion, import_data
from instar.store import Store

GENRES = ("Drama", "Comedy", "Horror", "Documentary", "Romance", "Action")
WORDS = ("night", "day", "return", "house", "love", "dead", "last", "summer", "king", "story", "of", "the")
# What people think of a genre, in points of Meter: so that there is something to learn.
LIKED = {"Drama": 12, "Comedy": -4, "Horror": -25, "Documentary": 30, "Romance": 0, "Action": -12}


def films(rows: int = 1500, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The films, and how they were received (``omdb`` and ``tomatoes``, joined on ``ID``)."""
    random = np.random.default_rng(seed)
    ids = np.arange(100, 100 + rows)
    genres = [list(random.choice(GENRES, size=random.integers(0, 4), replace=False)) for _ in ids]
    titles = [" ".join(random.choice(WORDS, size=random.integers(1, 5))).title() for _ in ids]
    years = random.integers(1940, 2015, rows)
    liked = np.array([sum(LIKED[genre] for genre in each) for each in genres])
    meter = np.clip(55 + liked - (years - 1980) * 0.2 + random.normal(0, 12, rows), 0, 100).astype(int)
    omdb = pl.DataFrame(
        {
            "ID": ids,
            "imdbID": [f"tt{number:07}" for number in ids],
            "Title": titles,
            "Year": years,
            "Runtime": [None if random.random() < 0.07 else float(random.normal(100, 20)) for _ in ids],
            "Genre": [", ".join(each) for each in genres],
            "Released": [f"{year}-01-01" for year in years],
            "Rating": [None if random.random() < 0.85 else "R" for _ in ids],
            "imdbVotes": pl.Series([None] * rows, dtype=pl.Int64),
        }
    )
    tomatoes = pl.DataFrame(
        {
            "ID": ids,
            "Rating": random.normal(6, 1, rows),
            "Meter": [None if random.random() < 0.01 else int(value) for value in meter],
            "Fresh": random.integers(0, 100, rows),
        }
    )
    return omdb, tomatoes


def import_films(store: Store, rows: int = 1500, chunk_rows: int = 400) -> tuple[DatasetVersion, DatasetVersion]:
    """Both tables as datasets, in several chunks, from files beside the store."""
    paths = [store.folder.parent / f"{name}.parquet" for name in ("omdb", "tomatoes")]
    for frame, path in zip(films(rows), paths):
        frame.write_parquet(path)
    return (
        import_data("omdb", paths[0], store=store, chunk_rows=chunk_rows, roles={"ID": "id", "imdbID": "id"}),
        import_data("tomatoes", paths[1], store=store, chunk_rows=chunk_rows, roles={"ID": "id"}),
    )
