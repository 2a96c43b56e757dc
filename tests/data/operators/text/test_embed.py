"""Sentence embeddings: the laws, against the package's own way, and without the package."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st
from tests.contracts.operators import OperatorContract
from tests.contracts.summaries import Cells

from instar import prep
from instar.base.errors import BadInput, Conflict
from instar.data.operators.text.embed import Pretrained
from instar.data.operators.text.word_llama import word_llama
from instar.data.preparing.fitting import fit
from instar.data.preparing.preparation import Preparation

TEXTS = ["A dark night", "An evening without any light", "Cooking pasta for two", "naïve 日本 🎬", "a"]
_ELSEWHERE = """
import socket, sys
def refused(*given): raise AssertionError("it wants the network")
socket.socket.connect = refused
socket.getaddrinfo = refused
for name in sys.argv[1:]: sys.modules[name] = None
import polars as pl
from instar import prep
from instar.base.errors import BadInput
from instar.data.preparing.fitting import fit
frame = pl.DataFrame({"text": ["A dark night"]})
try:
    print(fit([prep.Embed("text")], [frame]).matrix(frame).shape, "wordllama" in sys.modules)
except BadInput as error:
    print(error)
"""


class TestEmbed(OperatorContract):
    operator = prep.Embed("Title", dimensions=64)
    cells: ClassVar[Cells] = {"Title": (pl.String(), st.text("ab É2_-'日", max_size=12))}
    sample: ClassVar[dict[str, list[Any]]] = {
        "Title": ["Blood Simple", None, "", "True Blood", "Simple Men", "the men"]
    }
    unseen: ClassVar[dict[str, Any]] = {"Title": "Nothing known ÀÉ"}


def embedded(texts: Sequence[str | None], **options: Any) -> np.ndarray[Any, Any]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String()})
    found = fit([prep.Embed("text", **options)], [frame]).matrix(frame)
    assert isinstance(found, np.ndarray)
    return found


@pytest.mark.parametrize("dimensions", [64, 256])
@pytest.mark.parametrize("unit", [True, False])
def test_the_vectors_are_those_of_the_package(dimensions: int, unit: bool) -> None:
    from tokenizers import Tokenizer
    from wordllama.inference import WordLlamaInference

    tokenizer = Tokenizer.from_str(word_llama().tokenizer.to_str())
    peer = WordLlamaInference(word_llama().vectors[:, :dimensions], tokenizer).embed(TEXTS, norm=unit)
    assert embedded(TEXTS, dimensions=dimensions, unit=unit) == pytest.approx(peer, abs=1e-5)


def test_texts_of_one_meaning_lie_nearer_than_others() -> None:
    night, evening, cooking = embedded(TEXTS[:3])
    assert night @ evening > night @ cooking + 0.2


def test_a_long_text_is_taken_whole_and_is_the_same_among_others() -> None:
    long = " ".join(f"word {at}" for at in range(3000))
    assert (embedded([long]) == embedded(["a", long, "b"])[1]).all()
    assert (embedded([long]) != embedded([long[: len(long) // 2]])).any()


def test_missing_and_empty_texts_are_all_0() -> None:
    assert (embedded([None, ""]) == 0).all()


def test_it_neither_downloads_nor_loads_the_packages_code() -> None:
    done = subprocess.run([sys.executable, "-c", _ELSEWHERE], capture_output=True, text=True, check=False)
    assert done.stdout == "(1, 256) False\n", done.stderr


def test_without_the_extra_the_error_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", _ELSEWHERE, "tokenizers"], capture_output=True, text=True, check=False)
    assert "Embed needs the package wordllama" in done.stdout, done.stderr
    assert "pip install 'instar[text]'" in done.stdout


def test_vectors_other_than_those_of_the_fit_are_refused() -> None:
    frame = pl.DataFrame({"text": TEXTS})
    fitted = fit([prep.Embed("text")], [frame])
    other = Preparation(fitted.operators, [Pretrained("0" * 64)], fitted.inputs)
    with pytest.raises(Conflict, match="fitted with vectors 000000000000"):
        other.apply(frame)


def test_other_sizes_are_refused() -> None:
    with pytest.raises(BadInput, match="dimensions=100 is not one of 64, 128 and 256"):
        prep.Embed("text", 100)
