"""What the revscoring families share. Importing it does not import the revscoring library."""

from liftwing_serving.interrupts import quiet_interrupts

with quiet_interrupts():
    from liftwing_serving.revscoring import corpora, families
    from liftwing_serving.revscoring.families import FAMILIES, Family, family_of
    from liftwing_serving.revscoring.names import ServiceName
    from liftwing_serving.revscoring.settings import RevscoringSettings
    from liftwing_serving.revscoring.startup import serve

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
