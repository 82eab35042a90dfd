"""Texts: how good an article is this? The structure of the text tells."""

import re

from liftwing_demo.training.suite import Example, Recipe, Suite
from liftwing_demo.training.suites.articles import read_texts
from liftwing_demo.wiki.history import FIRST_ARTICLE_REVISION_ID
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore

ESTIMATOR = {"n_estimators": 100, "max_depth": 4, "learning_rate": 0.1, "max_features": "log2"}
CLASSES = ("Stub", "Start", "C", "B", "GA", "FA")

# What a text needs for each class: bytes, references, headings.
_NEEDS = {
    "FA": (55_000, 80, 15),
    "GA": (28_000, 30, 10),
    "B": (14_000, 12, 6),
    "C": (6_000, 5, 3),
    "Start": (2_200, 1, 0),
}
_REFERENCE = re.compile(r"<ref[ >]|\{\{(?:sfn|harv)", re.IGNORECASE)
_HEADING = re.compile(r"^={2,6}[^=\n]", re.MULTILINE)


def quality_of(text: str) -> str:
    """The best class whose needs a text meets."""
    has = (len(text.encode()), len(_REFERENCE.findall(text)), len(_HEADING.findall(text)))
    for name, needs in _NEEDS.items():
        if all(amount >= need for amount, need in zip(has, needs, strict=True)):
            return name
    return CLASSES[0]


def examples(store: WikiStore) -> list[Example]:
    """Articles and drafts with their class."""
    return [Example(text.rev_id, text.subject, quality_of(text.text)) for text in read_texts(store)]


ARTICLEQUALITY = Suite(
    name="articlequality",
    title="article quality",
    site=WIKIPEDIA,
    recipes=(
        Recipe(
            "articlequality",
            "articlequality.feature_lists.enwiki:wp10",
            CLASSES,
            examples,
            ESTIMATOR,
        ),
    ),
    folder="articlequality",
    example="articlequality",
    rev_id=FIRST_ARTICLE_REVISION_ID + 2,
    settings={"needs": _NEEDS},
    libraries=("revscoring", "articlequality", "scikit-learn", "numpy"),
    story="""\
- **Data**: real English Wikipedia articles of up to 100 kB, and beginnings of them as drafts.
- **Labels**: no person has judged these texts. A rule gives each the best class for which it has \
enough bytes, references and headings.
- **Features**: the list of English Wikipedia from `articlequality`, extracted by `revscoring`.
- **Held out**: a quarter of the articles, with all their drafts.
- **Limits**: the features count what the rule counts, so that the figures say how well the model \
repeats the rule, and nothing about quality.
""",
)
