"""Wikidata's items: how complete, and what about? What they say tells."""

import json
from collections.abc import Iterator
from typing import Any

from liftwing_demo.items.history import CONTENT_MODEL, FIRST_ITEM_REVISION_ID
from liftwing_demo.items.vocabulary import (
    IMPORTED_FROM,
    INSTANCE_OF,
    LANGUAGES,
    OCCUPATION,
    OCCUPATIONS,
    SORTS,
)
from liftwing_demo.training.suite import Example, Recipe, Suite
from liftwing_demo.wiki.sites import WIKIDATA
from liftwing_demo.wiki.store import WikiStore

ESTIMATOR = {"n_estimators": 60, "max_depth": 3, "learning_rate": 0.1, "max_features": "log2"}
EMBEDDING = {
    "vector_size": 50,
    "window": 8,
    "min_count": 1,
    "max_final_vocab": 10_000,
    "epochs": 40,
}
CLASSES = ("E", "D", "C", "B", "A")

# What an item needs for each class: statements, those among them that name a source outside
# Wikimedia, and labels in the languages that count.
_NEEDS = {"A": (9, 5, 5), "B": (6, 3, 4), "C": (4, 1, 2), "D": (2, 0, 1)}
_TOPICS = {
    "human": "Culture.Biography.Biography*",
    "country": "Geography.Geographical",
    "state": "Geography.Geographical",
    "town": "Geography.Geographical",
    "river": "Geography.Geographical",
    "ocean": "Geography.Geographical",
    "film": "Culture.Media.Films",
    "book": "Culture.Literature",
    "music": "Culture.Media.Music",
    "article": "STEM.STEM*",
    "taxon": "STEM.Biology",
    "language": "Culture.Linguistics",
    "deity": "Culture.Philosophy and religion",
    "war": "History and Society.Military and warfare",
    "flight": "STEM.Space",
    "star": "STEM.Space",
    "company": "History and Society.Business and economics",
    "organisation": "History and Society.Society",
    "chemistry": "STEM.Chemistry",
    "law": "History and Society.Politics and government",
    "science": "STEM.STEM*",
}
_TOPICS_OF_WORK = {
    "writer": "Culture.Literature",
    "politician": "History and Society.Politics and government",
    "mathematician": "STEM.Mathematics",
    "physicist": "STEM.Physics",
    "philosopher": "Culture.Philosophy and religion",
    "tennis player": "Culture.Sports",
    "film director": "Culture.Media.Films",
    "military officer": "History and Society.Military and warfare",
    "painter": "Culture.Visual arts.Visual arts*",
    "musician": "Culture.Media.Music",
}
_TOPIC_OF_VALUE = {
    (INSTANCE_OF, SORTS[name].class_id): topic for name, topic in _TOPICS.items()
} | {(OCCUPATION, OCCUPATIONS[name]): topic for name, topic in _TOPICS_OF_WORK.items()}

Entity = dict[str, Any]


def quality_of(entity: Entity) -> str:
    """The best class whose needs an item meets."""
    claims = _statements(entity)
    labels = set(entity.get("labels") or ()) & set(LANGUAGES)
    has = (len(claims), sum(_is_sourced(claim) for claim in claims), len(labels))
    for name, needs in _NEEDS.items():
        if all(amount >= need for amount, need in zip(has, needs, strict=True)):
            return name
    return CLASSES[0]


def topics_of(entity: Entity) -> list[str]:
    """The topics of what the item is an instance of, and of a person's occupation."""
    named = [
        _TOPIC_OF_VALUE.get((claim["mainsnak"]["property"], _value(claim)))
        for claim in _statements(entity)
    ]
    return sorted({topic for topic in named if topic is not None})


def _statements(entity: Entity) -> list[Entity]:
    return [claim for several in dict(entity.get("claims") or {}).values() for claim in several]


def _is_sourced(claim: Entity) -> bool:
    named = {name for reference in claim.get("references", []) for name in reference["snaks"]}
    return bool(named - {IMPORTED_FROM})


def _value(claim: Entity) -> str:
    value = claim["mainsnak"].get("datavalue", {}).get("value")
    return str(value.get("id", "")) if isinstance(value, dict) else ""


def of_quality(store: WikiStore) -> list[Example]:
    """Every other revision of each item."""
    read = list(_entities(store))[::2]
    return [Example(rev_id, page_id, quality_of(entity)) for rev_id, page_id, entity in read]


def of_topic(store: WikiStore) -> list[Example]:
    """Every other revision of each item that says what it is an instance of."""
    read = [found for found in _entities(store) if INSTANCE_OF in (found[2].get("claims") or ())]
    return [Example(rev_id, page_id, topics_of(entity)) for rev_id, page_id, entity in read[::2]]


def _entities(store: WikiStore) -> Iterator[tuple[int, int, Entity]]:
    """Revision id, page id and JSON of all items that are neither hidden nor damaged."""
    damaged = {labels.rev_id for labels in store.labels() if labels.damaging}
    revisions = [revision for revision in store.all_revisions() if revision.rev_id not in damaged]
    pages = store.pages(sorted({revision.page_id for revision in revisions}))
    for revision in revisions:
        model = pages[revision.page_id].content_model
        if revision.deleted or revision.hidden.text or model != CONTENT_MODEL:
            continue
        text = store.revisions([revision.rev_id], with_text=True)[revision.rev_id].text
        entity = json.loads(text or "")
        if "redirect" not in entity:
            yield revision.rev_id, revision.page_id, entity


_ALL_TOPICS = tuple(sorted(set(_TOPIC_OF_VALUE.values())))

ITEMS = Suite(
    name="items",
    title="Wikidata's items",
    site=WIKIDATA,
    recipes=(
        Recipe(
            "itemquality",
            "articlequality.feature_lists.wikidatawiki:item_quality",
            CLASSES,
            of_quality,
            ESTIMATOR,
        ),
        Recipe(
            "itemtopic",
            "drafttopic.feature_lists.wikidata:articletopic",
            _ALL_TOPICS,
            of_topic,
            ESTIMATOR,
            multilabel=True,
        ),
    ),
    # Of two families, so that the server of all families serves them.
    folder="",
    example="itemquality",
    rev_id=FIRST_ITEM_REVISION_ID + 8,
    embedding="wikidata-20200501-learned_vectors.50_cell.10k.kv",
    settings={"embedding": EMBEDDING, "needs": _NEEDS},
    libraries=("revscoring", "articlequality", "drafttopic", "gensim", "scikit-learn", "numpy"),
    story="""\
- **Data**: revisions of {items} items that a seeded generator (seed {seed}) made up about the \
articles of the demo wiki and about things that do not exist.
- **Labels**: `itemquality` is the best class for which an item has enough statements, sources and \
labels; `itemtopic` follows from what the item is an instance of, and from occupations.
- **Features**: the lists of Wikidata from `articlequality` and `drafttopic`, extracted by \
`revscoring`. The embeddings of claims were learnt from these items by `gensim`.
- **Held out**: a quarter of the items, with all their revisions. Rates are means over the labels \
that occur there.
- **Limits**: the features count and read what the labels follow from, so that the figures say how \
well the models repeat those rules, and nothing about real items.
""",
)
