"""Where feature lists of topics find their word embeddings, which they load when imported."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gensim.models.keyedvectors import KeyedVectors
from revscoring.datasources.meta import vectorizers

from liftwing_serving.errors import StartFailed


class EmbeddingsUnusable(StartFailed):
    """A file of embeddings is missing or is none; the text names it and the variable."""


def install(folders: Iterable[Path]) -> None:
    """Have feature lists look in the folders first, then where revscoring does. Can be repeated.

    A file that is not found or cannot be read then raises EmbeddingsUnusable; revscoring's own
    error names neither the file nor the places.
    """
    own = [Path(place).expanduser() for place in vectorizers.ASSET_SEARCH_DIRS]
    places = [*folders, *own]

    def load(filename: str, mmap: str | None = None) -> KeyedVectors:
        """`load_gensim_kv`: with mmap="r" all processes share the vectors' file in memory."""
        for place in places:
            path = place / filename
            if path.is_file():
                return _read(path, mmap)
        searched = ", ".join(map(str, places))
        raise EmbeddingsUnusable(f"WORD2VEC_PATH: there is no {filename} in {searched}.")

    vectorizers.word2vec.load_gensim_kv = staticmethod(load)


def _read(path: Path, mmap: str | None) -> KeyedVectors:
    try:
        loaded = KeyedVectors.load(str(path), mmap=mmap)
    except Exception as error:
        trouble = f"{type(error).__name__}: {error}"
    else:
        if isinstance(loaded, KeyedVectors):
            return loaded
        trouble = f"it holds a {type(loaded).__name__}"
    raise EmbeddingsUnusable(f"WORD2VEC_PATH: {path} is no file of KeyedVectors: {trouble}.")
