"""Where embeddings are looked for, and what is said of those that cannot be used."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gensim.models.keyedvectors import KeyedVectors
from liftwing_serving.revscoring import embeddings
from liftwing_serving.revscoring.embeddings import EmbeddingsUnusable
from revscoring.datasources.meta import vectorizers

FILE = "enwiki-20200501-learned_vectors.50_cell.10k.kv"


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """revscoring as it was afterwards; its own places are below `tmp_path` meanwhile."""
    kept = vectorizers.word2vec.load_gensim_kv
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    yield
    vectorizers.word2vec.load_gensim_kv = staticmethod(kept)


def write(folder: Path, value: float) -> Path:
    """Embeddings of one word."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = KeyedVectors(50)
    vectors.add_vectors(["word"], np.full((1, 50), value, dtype=np.float32))
    vectors.save(str(folder / FILE), separately=["vectors"])
    return folder


def loaded() -> KeyedVectors:
    """As a feature list loads them."""
    return vectorizers.word2vec.load_gensim_kv(filename=FILE, mmap="r")


def test_the_folder_comes_before_revscorings_own_places(tmp_path: Path) -> None:
    write(tmp_path / "word2vec", 2)
    write(tmp_path / "home/.word2vec", 3)
    embeddings.install([write(tmp_path / "given", 1)])
    assert loaded()["word"][0] == 1
    embeddings.install([tmp_path / "none"])
    assert loaded()["word"][0] == 2
    (tmp_path / "word2vec" / FILE).unlink()
    assert loaded()["word"][0] == 3


def test_the_vectors_are_mapped_and_not_read(tmp_path: Path) -> None:
    embeddings.install([write(tmp_path / "given", 1)])
    assert isinstance(loaded().vectors, np.memmap)


def test_missing_embeddings_are_named_with_their_variable_and_places(tmp_path: Path) -> None:
    embeddings.install([tmp_path / "given"])
    with pytest.raises(EmbeddingsUnusable) as caught:
        loaded()
    assert str(caught.value) == (
        f"WORD2VEC_PATH: there is no {FILE} in {tmp_path}/given, word2vec, "
        f"{tmp_path}/home/.word2vec, /var/share/word2vec."
    )


@pytest.mark.parametrize("content", [b"", b"\x80\x04damaged", pickle.dumps({"word": [1.0]})])
def test_a_file_of_something_else_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(content)
    embeddings.install([tmp_path])
    with pytest.raises(EmbeddingsUnusable, match=f"^WORD2VEC_PATH: {tmp_path}/{FILE} is no file"):
        loaded()


def test_vectors_missing_beside_their_file_are_named_although_others_are_elsewhere(
    tmp_path: Path,
) -> None:
    write(tmp_path / "word2vec", 2)
    given = write(tmp_path / "given", 1)
    (given / f"{FILE}.vectors.npy").unlink()
    embeddings.install([given])
    with pytest.raises(EmbeddingsUnusable, match=r"given/.*vectors\.npy"):
        loaded()
