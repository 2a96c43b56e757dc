"""The vectors and the tokenizer that the package wordllama brings, read from its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instar.base.digests import digest_file, digest_value
from instar.base.errors import BadInput

_VECTORS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
INSTALL = "pip install 'instar[text]'"


@dataclass(frozen=True, eq=False)
class WordLlama:
    """vectors : one a token, float32, shape (tokens, 256);  digest : of the vectors and the tokenizer"""

    tokenizer: Any
    vectors: NDArray[np.float32]
    digest: str

    @cached_property
    def places(self) -> dict[int, int]:
        """Of each token, where its vector is."""
        return {place: place for place in range(self.vectors.shape[0])}

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """The tokens of each text, as places in ``vectors``."""
        if len(texts) == 1:
            return [self.tokenizer.encode(texts[0], add_special_tokens=False).ids]
        return [found.ids for found in self.tokenizer.encode_batch(texts, add_special_tokens=False)]


@cache
def word_llama() -> WordLlama:
    """Read once a process. Raises BadInput when the package, or a file of it, is not there.

    The package's own loader is not used: it would download what it does not find, and sets up the process's logging.
    """
    try:
        from safetensors import safe_open
        from tokenizers import Tokenizer
    except ImportError as error:
        raise BadInput(f"Embed needs the package wordllama ({error}); {INSTALL}") from error
    files = [_folder() / name for name in (_VECTORS, _TOKENIZER)]
    if missing := [path for path in files if not path.exists()]:
        raise BadInput(f"Embed: the package wordllama here has no file {missing[0]}; {INSTALL} --force-reinstall")
    with safe_open(files[0], framework="np") as opened:
        vectors = np.ascontiguousarray(opened.get_tensor("embedding.weight"), dtype=np.float32)
    tokenizer = Tokenizer.from_file(str(files[1]))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return WordLlama(tokenizer, vectors, digest_value([digest_file(path) for path in files]))


@cache
def shortened(size: int) -> NDArray[np.float32]:
    """The first ``size`` numbers of each vector, shape (tokens, size)."""
    return np.ascontiguousarray(word_llama().vectors[:, :size])


def _folder() -> Path:
    found = find_spec("wordllama")
    if found is None or found.origin is None:
        raise BadInput(f"Embed needs the package wordllama, which is not installed; {INSTALL}")
    return Path(found.origin).parent
