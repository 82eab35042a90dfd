"""New pages: to keep, or spam, vandalism or an attack? The generator that wrote them tells."""

from liftwing_demo.training.suite import Example, Recipe, Suite
from liftwing_demo.wiki.drafts import FIRST_DRAFT_REVISION_ID, GOOD_DRAFT, JUNK
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore

ESTIMATOR = {"n_estimators": 100, "max_depth": 4, "learning_rate": 0.1, "max_features": "log2"}
OK = "OK"


def examples(store: WikiStore) -> list[Example]:
    """The first revisions of drafts and of unwanted pages."""
    page_of = {revision.rev_id: revision.page_id for revision in store.all_revisions()}
    names = {GOOD_DRAFT: OK} | {kind: kind for kind in JUNK}
    return [
        Example(labels.rev_id, page_of[labels.rev_id], names[labels.kind])
        for labels in store.labels()
        if labels.kind in names
    ]


DRAFTQUALITY = Suite(
    name="draftquality",
    title="draft quality",
    site=WIKIPEDIA,
    recipes=(
        Recipe(
            "draftquality",
            "draftquality.feature_lists.enwiki:draft_quality",
            (OK, *JUNK),
            examples,
            ESTIMATOR,
        ),
    ),
    folder="draftquality",
    example="draftquality",
    rev_id=FIRST_DRAFT_REVISION_ID,
    libraries=("revscoring", "draftquality", "scikit-learn", "numpy"),
    story="""\
- **Data**: first revisions of pages: beginnings of real English Wikipedia articles, which are \
`OK`, and spam, vandalism and attacks that a seeded generator (seed {seed}) made up.
- **Features**: the list of English Wikipedia from `draftquality`, extracted by `revscoring`. \
Those of sentiment are zero where the corpora are stand-ins.
- **Held out**: a quarter of the pages.
- **Limits**: the generator has few phrases, and its pages are easy to tell from articles.
""",
)
