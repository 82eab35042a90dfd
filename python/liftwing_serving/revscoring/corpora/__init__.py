"""The NLTK corpora that feature lists read, prepared in one folder. Cheap to import."""

from liftwing_serving.revscoring.corpora.catalogue import CORPORA, CorporaUnavailable, Corpus
from liftwing_serving.revscoring.corpora.command import main
from liftwing_serving.revscoring.corpora.folder import folders_of, stand_ins_of
from liftwing_serving.revscoring.corpora.preparing import prepare

__all__ = [
    "CORPORA",
    "CorporaUnavailable",
    "Corpus",
    "folders_of",
    "main",
    "prepare",
    "stand_ins_of",
]
