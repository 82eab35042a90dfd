"""Texts: what are they about? The categories of the article tell."""

import re

from liftwing_demo.training.suite import Example, Recipe, Suite
from liftwing_demo.training.suites.articles import categories, read_texts
from liftwing_demo.wiki.history import FIRST_ARTICLE_REVISION_ID
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore

ESTIMATOR = {"n_estimators": 50, "max_depth": 3, "learning_rate": 0.1, "max_features": "log2"}
FEATURES = "drafttopic.feature_lists.enwiki:articletopic"
EMBEDDING = {"vector_size": 50, "window": 5, "min_count": 4, "max_final_vocab": 10_000, "epochs": 3}

RULES = {
    "Culture.Biography.Biography*": r"births$|deaths$|^Living people|^[0-9]+ BC$",
    "Culture.Linguistics": r"[Ll]anguage|[Aa]lphabet|letters|[Ss]emantics|Character sets",
    "Culture.Literature": r"[Nn]ovel|[Bb]ooks?\b|[Ww]riters|[Ee]ssay|[Ll]iterary|Iliad|Satirical",
    "Culture.Media.Films": r"[Ff]ilm|Cinema|Academy Award|Animation",
    "Culture.Philosophy and religion": r"[Pp]hilos|[Rr]elig|[Dd]eit|\b[Gg]ods?\b|[Ee]thic|[Mm]yth",
    "Geography.Geographical": r"\b([Cc]ountries|[Ss]tates of|Provinces|Oceans|Continents)",
    "Geography.Regions.Africa.Africa*": r"Africa|Angola|Algeria",
    "Geography.Regions.Americas.North America": r"United States|\bAmerican\b|Canad|Caribbean",
    "Geography.Regions.Asia.Asia*": r"Asia|Caucasus|Afghan|Japan|Iran|Near East",
    "Geography.Regions.Europe.Europe*": r"Europe|Balkan|Greek|German|English|Spanish|French",
    "History and Society.History": r"[Hh]istory|century|[Cc]olonies|established in|Revolution",
    "History and Society.Military and warfare": r"\b[Ww]ars?\b|[Mm]ilitary|[Aa]rmy",
    "History and Society.Politics and government": r"[Pp]olitic|[Ll]aw\b|[Ll]egal|[Cc]ourts",
    "STEM.Biology": r"[Mm]ammals|[Aa]nimal|[Ff]ish|[Aa]mphib|Algae|[Aa]natom|[Tt]rilobite",
    "STEM.Chemistry": r"[Cc]hem|Acids|Alkane|Alkali|[Pp]eriodic table",
    "STEM.Mathematics": r"[Mm]athem|Statistic|Algorithm|Means$|fallac|\b[Ll]ogic",
    "STEM.Medicine & Health": r"[Dd]isorder|[Mm]edic|[Hh]ealth|Disabilit|reproduction|disease",
    "STEM.Physics": r"[Pp]hysic|Nuclear|Atoms|Radiometry|optics|SI base|[Tt]ime scales",
    "STEM.STEM*": r"[Ss]cien|[Pp]hysic|[Cc]hem|[Bb]iolog|[Mm]athem|[Tt]echnolog|[Ss]pace"
    r"|[Mm]ammals|[Aa]natom|[Cc]omput|Statistic|Algorithm|[Ee]ngineer|[Aa]stronom",
    "STEM.Space": r"Apollo program|[Aa]stronaut|[Aa]stronom|[Ss]pacecraft|Moon",
}
"""The topics of the stock taxonomy that the articles have, and the categories that tell."""


def topics_of(categories: list[str]) -> list[str]:
    """The topics that an article's categories name, in the order of RULES."""
    return [
        topic for topic, rule in RULES.items() if any(re.search(rule, name) for name in categories)
    ]


def of_articles(store: WikiStore) -> list[Example]:
    """Articles, and drafts that have grown."""
    return _examples(store, {"import", "draft_growth"})


def of_drafts(store: WikiStore) -> list[Example]:
    """Drafts, at every stage."""
    return _examples(store, {"draft", "draft_growth"})


def _examples(store: WikiStore, kinds: set[str]) -> list[Example]:
    named = categories(store)
    return [
        Example(text.rev_id, text.subject, topics_of(named.get(text.subject, [])))
        for text in read_texts(store)
        if text.kind in kinds
    ]


TOPIC = Suite(
    name="topic",
    title="topics",
    site=WIKIPEDIA,
    recipes=(
        Recipe("articletopic", FEATURES, tuple(RULES), of_articles, ESTIMATOR, multilabel=True),
        Recipe("drafttopic", FEATURES, tuple(RULES), of_drafts, ESTIMATOR, multilabel=True),
    ),
    folder="topic",
    example="articletopic",
    rev_id=FIRST_ARTICLE_REVISION_ID + 2,
    embedding="enwiki-20200501-learned_vectors.50_cell.10k.kv",
    settings={"embedding": EMBEDDING, "rules": RULES},
    libraries=("revscoring", "drafttopic", "gensim", "scikit-learn", "numpy"),
    story="""\
- **Data**: real English Wikipedia articles of up to 100 kB, and beginnings of them as drafts; \
`articletopic` learnt from articles and grown drafts, `drafttopic` from drafts.
- **Labels**: patterns over the article's categories name topics of the stock taxonomy; a text may \
have none. Topics that hardly any article here has are not among them.
- **Features**: the list of English Wikipedia from `drafttopic`, extracted by `revscoring`. Its \
word embeddings were learnt from these articles by `gensim`, without labels, but from those that \
are held out too.
- **Held out**: a quarter of the articles, with all their drafts. Rates are means over the topics \
that occur there.
- **Limits**: a hundred articles are few: embeddings and topics are coarse.
""",
)
