"""Made-up revisions of each wiki, scored by the stock library and by our handler.

The two never share a process, so that nothing the one does could move the other.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from liftwing_serving.mediawiki import Documents
from support.feature_lists import FeatureList, feature_lists, languages_of, vectors_of
from support.sentiments import write_sentiwordnet, write_wordnet
from support.vocabulary import vocabulary_of, words_of

COMMENT = "/* History */ fixed npov, see [[WP:AES|←]] and undo revision 12"
# Of a wiki whose lists name no language: what its texts are made of.
SPEAKS = {
    "fawiki": "persian",
    "glwiki": "galician",
    "trwiki": "turkish",
    "ukwiki": "ukrainian",
    "arwiki": "arabic",
    "cswiki": "czech",
    "huwiki": "hungarian",
    "hywiki": "hy",
    "kowiki": "korean",
    "srwiki": "serbian",
    "viwiki": "vietnamese",
    "euwiki": "basque",
    "translatewiki": "german",
}


@dataclass(frozen=True, slots=True)
class Scored:
    """A list's revisions by one side: for each the score and the base features by name."""

    scores: list[Any]
    features: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OfStock:
    """What the stock library made of a wiki: model files, revisions and scores of each list."""

    documents: list[Documents]
    files: dict[FeatureList, Path]
    scored: dict[FeatureList, Scored]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides of a wiki's lists; `trouble` is the traceback of the side that failed."""

    stock: Mapping[FeatureList, Scored]
    ours: Mapping[FeatureList, Scored]
    trouble: str = ""


def wiki_of(wanted: FeatureList) -> str:
    """The wiki whose revisions a list is tried with."""
    name = wanted.module.rpartition(".")[2]
    return "wikidatawiki" if name == "wikidata" else name


def compare_all(wikis: Sequence[str], folder: Path) -> dict[str, Comparison]:
    """By wiki what both sides say; one process for each side, the stock library's ahead."""
    # With the real ones' stand-in no word has a sentiment.
    english = sorted(filter(str.islower, words_of("en_US")))
    write_sentiwordnet(folder, write_wordnet(folder, english))
    spawn = get_context("spawn")
    with (
        ProcessPoolExecutor(1, spawn, _prepare, (folder,)) as stock,
        ProcessPoolExecutor(1, spawn, _prepare, (folder,)) as ours,
    ):
        made = {wiki: stock.submit(_telling, _score_with_stock, wiki) for wiki in wikis}
        scored: dict[str, Future[dict[FeatureList, Scored]]] = {}
        comparisons: dict[str, Comparison] = {}
        for wiki, future in made.items():
            try:
                scored[wiki] = ours.submit(_telling, _score_with_handler, future.result())
            except Failed as error:
                comparisons[wiki] = Comparison({}, {}, str(error))
        for wiki, later in scored.items():
            try:
                comparisons[wiki] = Comparison(made[wiki].result().scored, later.result())
            except Failed as error:
                comparisons[wiki] = Comparison({}, {}, str(error))
    return comparisons


class Failed(Exception):
    """A side could not score; the text is the traceback. revscoring's own cannot be sent."""


def _telling(work: Callable[[Any], Any], argument: Any) -> Any:
    try:
        return work(argument)
    except Exception:
        raise Failed(traceback.format_exc()) from None


def _prepare(folder: Path) -> None:
    warnings.simplefilter("ignore")
    os.environ["NLTK_DATA"] = os.pathsep.join([str(folder), os.environ["NLTK_DATA"]])
    # Where feature lists look for `word2vec/`.
    os.chdir(folder)


def _score_with_stock(wiki: str) -> OfStock:
    from langdetect import DetectorFactory
    from liftwing_serving.revscoring.libraries import LANGUAGE_DETECTION_SEED
    from revscoring.extractors.api import Extractor

    from support.made_up import MadeUpWiki

    DetectorFactory.seed = LANGUAGE_DETECTION_SEED
    lists = [wanted for wanted in feature_lists() if wiki_of(wanted) == wiki]
    documents = _documents_of(wiki, lists)
    extractor = Extractor(MadeUpWiki(documents))
    files: dict[FeatureList, Path] = {}
    scored: dict[FeatureList, Scored] = {}
    known: list[Any] = []
    for wanted in lists:
        features = getattr(importlib.import_module(wanted.module), wanted.name)
        # goodfaith's list is damaging's under another name.
        if any(features is other for other in known):
            continue
        known.append(features)
        files[wanted] = Path(f"{wanted.module}.{wanted.name}.model").resolve()
        scored[wanted] = _stock_list(features, documents, extractor, files[wanted])
    return OfStock(documents, files, scored)


def _stock_list(
    features: Sequence[Any], documents: Sequence[Documents], extractor: Any, path: Path
) -> Scored:
    from revscoring.features import trim
    from support.models import write_model_of

    base = list(trim(features))
    rows, of_base = [], []
    for revision in (it.revision for it in documents):
        cache: dict[Any, Any] = {}
        rows.append(list(extractor.extract(revision.rev_id, features, cache=cache)))
        values = extractor.extract(revision.rev_id, base, cache=cache)
        of_base.append({str(feature): value for feature, value in zip(base, values)})
    model = write_model_of(path, features, rows)
    scores = [json.loads(json.dumps(model.score(row))) for row in rows]
    return Scored(scores, of_base)


def _documents_of(wiki: str, lists: Sequence[FeatureList]) -> list[Documents]:
    from support.made_up import item_of, revisions_of, text_of

    dice = [random.Random(f"{wiki} {seed}") for seed in range(9)]
    if wiki == "wikidatawiki":
        write_vectors(lists, [f"P{n}" for n in range(600)] + [f"Q{n}" for n in range(400)])
        items = [item_of(it, claims) for it, claims in zip(dice, (3, 6, 8, 2, 12))]
        pairs = [*zip(items, items[1:]), (None, items[2])]
        return revisions_of(wiki, pairs, "/* wbsetclaim-create:2||1 */ [[Property:P18]]: X")
    spoken = {SPEAKS[wiki]} if wiki in SPEAKS else set()
    languages = spoken.union(*(languages_of(wanted.module) for wanted in lists))
    # English comes along with most lists.
    ordered = sorted(languages, key=lambda language: (language == "english", language))
    vocabularies = [vocabulary_of(language, seed=1) for language in ordered]
    write_vectors(lists, [word.lower() for it in vocabularies for word in it.known])
    texts = [text_of(vocabularies, it, insults) for it, insults in zip(dice, (3, 6, 2, 5, 4, 7))]
    # Adding more than they remove, removing more than they add, and the first of a page.
    pairs = [(texts[0], texts[1]), (texts[3], texts[2]), (texts[4], texts[5]), (None, texts[1])]
    pairs.append((texts[1], texts[1] + texts[2]))
    return revisions_of(wiki, pairs, COMMENT)


def write_vectors(lists: Sequence[FeatureList], words: Sequence[str]) -> None:
    """Small files of vectors, for half of the words, under the names that the lists load."""
    import numpy
    from gensim.models.keyedvectors import KeyedVectors

    known = sorted({*words})[::2]
    for name in {name for wanted in lists for name in vectors_of(wanted.module)}:
        vectors = KeyedVectors(50)
        made = numpy.random.default_rng(1).normal(size=(len(known), 50)).astype("float32")
        vectors.add_vectors(known, made)
        Path("word2vec").mkdir(exist_ok=True)
        vectors.save(f"word2vec/{name}")


def _score_with_handler(made: OfStock) -> dict[FeatureList, Scored]:
    from liftwing_serving.revscoring.loading import make_handler
    from liftwing_serving.revscoring.tasks import ExtractAndPredict, ModelFile

    names = {f"{wanted.module}.{wanted.name}": wanted for wanted in made.files}
    handler = make_handler([ModelFile(name, made.files[it]) for name, it in names.items()])
    scored: dict[FeatureList, Scored] = {it: Scored([], []) for it in made.files}
    for documents in made.documents:
        answers = handler(ExtractAndPredict(tuple(names), documents))
        for name, wanted in names.items():
            scored[wanted].scores.append(json.loads(json.dumps(answers[name].document)))
            scored[wanted].features.append(answers[name].features)
    return scored
