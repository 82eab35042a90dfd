"""Which corpora there are, and what stands in for one that cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# A corpus's files by name.
Files = Mapping[str, bytes]


class CorporaUnavailable(Exception):
    """No source has a corpus; the text says what was tried."""


@dataclass(frozen=True)
class Corpus:
    """A corpus by NLTK's name of it; without the `required` files it is not whole.

    `stand_in` makes its files where nobody has the real ones, or raises CorporaUnavailable;
    `effect` says what then becomes of scores.
    """

    name: str
    required: frozenset[str]
    stand_in: Callable[[], Files]
    effect: str


# NLTK's name of each list that a module of revscoring.languages reads, and its ISO code.
LANGUAGES = {
    "arabic": "ar",
    "dutch": "nl",
    "english": "en",
    "finnish": "fi",
    "french": "fr",
    "german": "de",
    "hungarian": "hu",
    "italian": "it",
    "norwegian": "no",
    "portuguese": "pt",
    "romanian": "ro",
    "russian": "ru",
    "spanish": "es",
    "swedish": "sv",
    "turkish": "tr",
}

# Where Debian's package wordnet-base has its files.
DEBIAN_WORDNET = Path("/usr/share/wordnet")

_PARTS_OF_SPEECH = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
# The files of lexicographers in the order of their numbers, lexnames(5WN).
_LEXICOGRAPHERS = """
    adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
    noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location
    noun.motive noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process
    noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change
    verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation
    verb.emotion verb.motion verb.perception verb.possession verb.social verb.stative verb.weather
    adj.ppl
""".split()


def stand_in_stopwords() -> Files:
    """Lists of another origin, good enough to import revscoring and to try things."""
    try:
        from stopwordsiso import stopwords
    except ImportError as error:
        raise CorporaUnavailable(
            "NLTK's stop words are neither in NLTK_DATA nor downloadable, and the package "
            "stopwordsiso, which a stand-in is made of, is not installed."
        ) from error
    return {
        language: "".join(f"{word}\n" for word in sorted(stopwords(code))).encode()
        for language, code in LANGUAGES.items()
    }


def stand_in_wordnet() -> Files:
    """Debian's files of the same version, and the two that NLTK's reader wants besides."""
    try:
        files = {path.name: path.read_bytes() for path in DEBIAN_WORDNET.iterdir()}
    except OSError as error:
        raise CorporaUnavailable(
            "WordNet is neither in NLTK_DATA nor downloadable, and there is no "
            f"{DEBIAN_WORDNET}, which Debian's wordnet-base would bring."
        ) from error
    names = (
        f"{number:02}\t{name}\t{_PARTS_OF_SPEECH[name.partition('.')[0]]}\n"
        for number, name in enumerate(_LEXICOGRAPHERS)
    )
    # The reader only maps other languages' wordnets by sense keys.
    return files | {"lexnames": "".join(names).encode(), "index.sense": b""}


def stand_in_sentiwordnet() -> Files:
    """A SentiWordNet that knows no word: whatever is asked has no sentiment."""
    return {"SentiWordNet_3.0.0.txt": b"# A stand-in: no word has a sentiment.\n"}


STOPWORDS = Corpus(
    name="stopwords",
    required=frozenset(LANGUAGES),
    stand_in=stand_in_stopwords,
    effect="other stop words: scores will differ from production's",
)

WORDNET = Corpus(
    name="wordnet",
    required=frozenset(
        [f"{kind}.{part}" for kind in ("data", "index") for part in _PARTS_OF_SPEECH]
        + [f"{part}.exc" for part in _PARTS_OF_SPEECH]
        + ["lexnames", "index.sense"]
    ),
    stand_in=stand_in_wordnet,
    effect="Debian's WordNet: sentiments of a few words of drafts may differ from production's",
)

SENTIWORDNET = Corpus(
    name="sentiwordnet",
    required=frozenset(["SentiWordNet_3.0.0.txt"]),
    stand_in=stand_in_sentiwordnet,
    effect="no word has a sentiment: scores of English drafts will differ from production's",
)

CORPORA = (STOPWORDS, WORDNET, SENTIWORDNET)
