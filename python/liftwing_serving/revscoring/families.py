"""The families of revscoring models, a record each. Whatever lists families reads it here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liftwing_serving.revscoring.settings import RevscoringSettings


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models that one image serves.

    `folder` is its directory in `revscoring/` and the name of its image and pipeline. `kinds` are
    the kinds of model it serves, as they end an INFERENCE_NAME; `example` is the one that tools
    and tests take when any will do. `corpora` are NLTK's names of those that its feature lists
    read, and `embeddings` says whether they read word embeddings. Which wikis have its models,
    services.tsv says.
    """

    folder: str
    kinds: tuple[str, ...]
    example: str
    model_file: str = "model.bin"
    corpora: tuple[str, ...] = ("stopwords",)
    embeddings: bool = False


ARTICLEQUALITY = Family(
    folder="articlequality",
    kinds=("articlequality", "itemquality"),
    example="articlequality",
)

DRAFTQUALITY = Family(
    folder="draftquality",
    kinds=("draftquality",),
    example="draftquality",
    model_file="model.bz2",
    corpora=("sentiwordnet", "stopwords", "wordnet"),
)

EDITQUALITY = Family(
    folder="editquality",
    kinds=("damaging", "goodfaith", "reverted"),
    example="damaging",
)

TOPIC = Family(
    folder="topic",
    kinds=("articletopic", "itemtopic", "drafttopic"),
    example="articletopic",
    corpora=(),
    embeddings=True,
)

FAMILIES = (ARTICLEQUALITY, DRAFTQUALITY, EDITQUALITY, TOPIC)


_OF_KIND = {kind: family for family in FAMILIES for kind in family.kinds}

# The folder of the server that picks its families from INFERENCE_NAME, and its image's name.
UNIVERSAL = "revscoring"


def family_of(kind: str) -> Family | None:
    """The family that serves a kind of model, or None if there is none."""
    return _OF_KIND.get(kind)


def file_name(kind: str) -> str:
    """What the file of such a model is called. Raises KeyError if no family serves the kind."""
    return _OF_KIND[kind].model_file


def corpora_of(kind: str) -> tuple[str, ...]:
    """NLTK's names of the corpora that such a model may read. Raises KeyError likewise."""
    return _OF_KIND[kind].corpora


def settings_of(families: Sequence[Family]) -> type[RevscoringSettings]:
    """The settings of a server of these families: those of the one that reads most."""
    # A server has a process load its models before it imports what reads settings.
    from liftwing_serving.revscoring.settings import RevscoringSettings, TopicSettings

    return TopicSettings if any(one.embeddings for one in families) else RevscoringSettings


def settings_by_image() -> dict[str, type[RevscoringSettings]]:
    """What each image reads from the environment, by the image's name."""
    return {family.folder: settings_of([family]) for family in FAMILIES} | {
        UNIVERSAL: settings_of(FAMILIES)
    }
