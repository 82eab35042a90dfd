"""The families of revscoring models, a record each. Whatever lists families reads it here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A family of models that one image serves.

    `folder` is its directory in `revscoring/` and the name of its image and pipeline. `kinds` are
    the kinds of model it serves, as they end an INFERENCE_NAME; `example` is the one that tools
    and tests take when any will do. Which wikis have them, services.tsv says.
    """

    folder: str
    kinds: tuple[str, ...]
    example: str
    model_file: str = "model.bin"


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
)

FAMILIES = (ARTICLEQUALITY, DRAFTQUALITY, EDITQUALITY, TOPIC)


def family_of(kind: str) -> Family | None:
    """The family that serves a kind of model, or None if there is none."""
    return next((family for family in FAMILIES if kind in family.kinds), None)


def file_name(kind: str) -> str:
    """What the file of such a model is called. Raises KeyError if no family serves the kind."""
    family = family_of(kind)
    if family is None:
        raise KeyError(kind)
    return family.model_file
