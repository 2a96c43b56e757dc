"""Latent semantic analysis of 50,000 short texts, 100 components, beside scikit-learn's TF-IDF with TruncatedSVD.

The texts are seeded: some 9 words of 15,400, by Zipf's law, two fifths of them from one of 150 matters. Both fit the
vocabulary, the weights and the components; Instar takes the texts in 10 chunks. Then single rows are asked, as in serving.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import polars as pl
from benchmarks.figures import Sample, print_table, verdict
from benchmarks.preparing.memory import observed
from numpy.typing import NDArray

COMPONENTS = 100
CHUNKS = 10
WORDS, MATTERS, OWN = 15_400, 150, 400


def texts(rows: int) -> list[str]:
    draw = np.random.default_rng(5)
    names = np.array([f"w{place:05d}" for place in range(WORDS)])
    own = [draw.permutation(WORDS)[:OWN] for _ in range(MATTERS)]
    lengths = np.clip(draw.poisson(9.4, rows), 2, None)
    common = draw.choice(WORDS, lengths.sum(), p=_zipf(WORDS))
    special, is_special = draw.choice(OWN, lengths.sum(), p=_zipf(OWN)), draw.random(lengths.sum()) < 0.4
    made, start = [], 0
    for length in lengths.tolist():
        here = slice(start, start + length)
        matter = own[draw.integers(MATTERS)]
        made.append(" ".join(names[np.where(is_special[here], matter[special[here]], common[here])]))
        start += length
    return made


def _zipf(count: int) -> NDArray[np.float64]:
    chances = 1 / np.arange(1, count + 1)
    found: NDArray[np.float64] = chances / chances.sum()
    return found


def chunks(rows: int) -> list[pl.DataFrame]:
    frame = pl.DataFrame({"text": texts(rows)})
    return [frame[start : start + rows // CHUNKS] for start in range(0, rows, rows // CHUNKS)]


def instar(rows: int) -> Callable[[], Any]:
    from instar import prep

    frames = chunks(rows)
    return lambda: len(prep.fit([prep.Lsa("text", COMPONENTS, terms=None)], frames).to_bytes())


def scikit_learn(rows: int) -> Callable[[], Any]:
    documents = texts(rows)
    return lambda: len(_peer().fit(documents).steps)


def _peer() -> Any:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), TruncatedSVD(COMPONENTS, random_state=0))


def run(small: bool = False) -> None:
    """Print the figures."""
    rows = 5_000 if small else 50_000
    taken = {
        name: [observed(f"benchmarks.preparing.lsa:{name}", {"rows": rows}) for _ in range(2 if small else 3)]
        for name in ("instar", "scikit_learn")
    }
    for place, (what, unit) in enumerate((("fit, wall", "s"), ("fit, extra memory", "MB"))):
        found = {name: Sample(tuple(float(each[place]) for each in runs)) for name, runs in taken.items()}
        print_table(what, found, unit)
    _quality(rows)
    ours, theirs = (median(each.seconds for each in taken[name]) for name in ("instar", "scikit_learn"))
    verdict("time of the fit, of scikit-learn's", ours / theirs, at_most=4)


def _quality(rows: int) -> None:
    """What is explained, how long one row takes, how large a chunk's part and the state are."""
    from instar import prep
    from instar.data.summaries import TermScatter
    from instar.data.summaries.term_scatter import Directions

    frames = chunks(rows)
    whole, documents = pl.concat(frames), texts(rows)
    ours, theirs = prep.fit([prep.Lsa("text", COMPONENTS, terms=None)], frames), _peer().fit(documents)
    weighed = theirs[0].transform(documents)
    variance = weighed.multiply(weighed).sum() / rows - np.square(np.asarray(weighed.mean(axis=0))).sum()
    points = ours.matrix(whole)
    explained = float(np.asarray(points).var(axis=0).sum() / variance)
    peer = float(theirs[1].explained_variance_ratio_.sum())
    print(f"\n{weighed.shape[1]:,} terms, {weighed.nnz:,} values; explained: instar {explained:.4f}, peer {peer:.4f}")
    terms = list(theirs[0].get_feature_names_out())
    space = Directions.of(terms, np.ones(len(terms)), np.ones((len(terms), COMPONENTS + 10)))
    part = max(len(TermScatter.of(frame, "text", directions=space).to_bytes()) for frame in frames)
    size = len(ours.to_bytes())
    print(f"the preparation: {size / 1e6:.1f} MB, written in {_seconds(ours.to_bytes):.3f} s")
    singles = [whole[place] for place in range(500)]
    row = median(_seconds(ours.matrix, single) for single in singles)
    peer_row = median(_seconds(theirs.transform, [document]) for document in documents[:100])
    print_table("one row", {"instar": Sample((row * 1e3,)), "scikit_learn": Sample((peer_row * 1e3,))}, "ms")
    verdict("explained variance, of scikit-learn's", explained / peer, at_least=0.99)
    verdict("a chunk's part, MB", part / 1e6, at_most=20)
    verdict("one row, ms", row * 1e3, at_most=0.3)


def _seconds(action: Callable[..., object], *given: object) -> float:
    start = time.perf_counter()
    action(*given)
    return time.perf_counter() - start
