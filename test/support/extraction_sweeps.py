"""Comparisons of accelerated extraction with the library's, for a process of their own."""

from __future__ import annotations

import importlib
import os
import random
import warnings
from pathlib import Path

from support.feature_lists import FeatureList, languages_of
from support.language_scores import COMMENT, SPEAKS, wiki_of, write_vectors
from support.vocabulary import vocabulary_of

# What differs, by the number of the revision.
Differences = list[tuple[int, list[str]]]

# Articles of the English list only: of the others the languages matter.
LONGEST = 60_000


def prepare(folder: Path) -> None:
    """Have feature lists find corpora and word vectors in a folder."""
    warnings.simplefilter("ignore")
    os.environ["NLTK_DATA"] = os.pathsep.join([str(folder), os.environ["NLTK_DATA"]])
    os.chdir(folder)


def compare_made_up(wanted: FeatureList) -> tuple[int, Differences]:
    """How many revisions a list was tried with, and what differs."""
    from liftwing_serving.revscoring import libraries
    from support.extractions import Sides, edge_pairs
    from support.made_up import item_of, revisions_of, text_of

    libraries.settle()
    wiki = wiki_of(wanted)
    dice = [random.Random(f"{wanted} {seed}") for seed in range(6)]
    if wiki == "wikidatawiki":
        write_vectors([wanted], [f"P{number}" for number in range(600)])
        items = [item_of(it, claims) for it, claims in zip(dice, (3, 6, 8, 2, 12, 4))]
        pairs = [(None, items[0]), *zip(items, items[1:])] * 4
    else:
        spoken = {SPEAKS.get(wiki, "english")}
        languages = sorted(spoken | languages_of(wanted.module), key=lambda it: it == "english")
        vocabularies = [vocabulary_of(language, seed=2) for language in languages]
        write_vectors([wanted], [word.lower() for it in vocabularies for word in it.known])
        texts = [
            text_of(vocabularies, it, insults) for it, insults in zip(dice, (3, 6, 2, 5, 4, 7))
        ]
        # Everything in the other case, and glued to what surrounds it.
        texts += [texts[0].swapcase(), texts[1].replace(" ", ""), texts[2].replace("\n\n", "\r\n")]
        pairs = [(None, texts[0]), *zip(texts, texts[1:]), (texts[3], texts[3] + texts[4])]
        pairs += edge_pairs()[::5]
    features = getattr(importlib.import_module(wanted.module), wanted.name)
    documents = revisions_of(wiki, pairs, COMMENT)
    return len(documents), Sides(features).differences(documents)


def compare_articles() -> Differences:
    """Each article and an edit of it, of which the parent is not known."""
    from editquality.feature_lists import enwiki
    from support.extractions import Sides, articles, edited
    from support.made_up import revisions_of

    pairs = [(text, edited(text, text)) for text in articles(LONGEST)[::4]]
    return Sides(enwiki.damaging, 0).differences(revisions_of("enwiki", pairs, COMMENT))


def compare_chains() -> Differences:
    """Ten edits of an article one after another, of which the parents are known."""
    from editquality.feature_lists import enwiki
    from support.extractions import Sides, articles, edited
    from support.made_up import revisions_of

    pairs: list[tuple[str | None, str]] = []
    for text in articles(LONGEST)[10::25]:
        for number in range(10):
            pairs.append((text, edited(text, f"{number} {text}")))
            text = pairs[-1][1]
    return Sides(enwiki.damaging).differences(revisions_of("enwiki", pairs, COMMENT))


def compare_huge() -> Differences:
    """Texts of 2 MB: of many articles, and of one character."""
    from editquality.feature_lists import enwiki
    from support.extractions import Sides, articles, edited
    from support.made_up import revisions_of

    parent = "\n\n".join(articles(LONGEST))[:2_000_000]
    pairs = [(parent, edited(parent, "huge")), ("a" * 2_000_000, "a" * 1_999_999 + "b")]
    return Sides(enwiki.damaging).differences(revisions_of("enwiki", pairs, COMMENT))
