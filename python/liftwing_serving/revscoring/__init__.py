"""What the revscoring families share. Importing it does not import the revscoring library."""

from typing import TYPE_CHECKING

from liftwing_serving.faces import lazily

if TYPE_CHECKING:
    from liftwing_serving.revscoring import corpora, families
    from liftwing_serving.revscoring.families import FAMILIES, Family, family_of
    from liftwing_serving.revscoring.names import ServiceName
    from liftwing_serving.revscoring.serving import serve
    from liftwing_serving.revscoring.settings import RevscoringSettings

__all__ = [
    "FAMILIES",
    "Family",
    "RevscoringSettings",
    "ServiceName",
    "corpora",
    "families",
    "family_of",
    "serve",
]

__getattr__ = lazily(
    __name__,
    {
        "corpora": (),
        "families": ("families", "FAMILIES", "Family", "family_of"),
        "names": ("ServiceName",),
        "serving": ("serve",),
        "settings": ("RevscoringSettings",),
    },
)
