"""The sentiment of words, which features of English drafts look up in NLTK's SentiWordNet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from revscoring.dependencies import Dependent, expand

from liftwing_serving.errors import StartFailed
from liftwing_serving.revscoring.extraction.memory import Memory

# The datasource of draftquality.feature_lists.enwiki that looks words up.
POLARITY = "english.sentiment.revision.polarity_score"


class CorpusMissing(StartFailed):
    """NLTK_DATA lacks WordNet or SentiWordNet."""


@dataclass(frozen=True, slots=True)
class Sense:
    """The first sense of a word as NLTK's SentiSynset has it: scores from 0 to 1."""

    positive: float
    negative: float

    def pos_score(self) -> float:
        """How positive it is."""
        return self.positive

    def neg_score(self) -> float:
        """How negative it is."""
        return self.negative


def read_by(features: Iterable[Dependent]) -> bool:
    """Whether the features look up sentiments."""
    return any(dependent.name == POLARITY for dependent in expand(features))


def install() -> None:
    """Load the corpora now, and remember the scores of words. Can be repeated.

    NLTK would load them for the first word, in each worker anew, which takes seconds. Only the
    first sense of a word, which is all that the features use, is found from now on. Raises
    CorpusMissing.
    """
    from nltk.corpus import sentiwordnet, wordnet

    try:
        wordnet.ensure_loaded()
        sentiwordnet.ensure_loaded()
    except LookupError:
        raise CorpusMissing("NLTK_DATA: wordnet and sentiwordnet are in none of its folders.")
    # Loading leaves a file open, in which workers would then seek and read at the same time.
    for file in wordnet._data_file_map.values():
        file.close()
    wordnet._data_file_map.clear()
    look_up = type(sentiwordnet).senti_synsets

    def scores_of(word: str) -> tuple[float, ...]:
        first = next(iter(look_up(sentiwordnet, word)), None)
        # The synsets that a look-up leaves behind are many, and the collector would visit each.
        wordnet._synset_offset_cache.clear()
        return () if first is None else (first.pos_score(), first.neg_score())

    remembered = Memory(scores_of)
    sentiwordnet.senti_synsets = lambda word: [Sense(*it) for it in [remembered(str(word))] if it]
