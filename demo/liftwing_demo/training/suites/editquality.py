"""Edits: damaging, in good faith, soon reverted? The kind of the made-up edit tells."""

from collections.abc import Iterable, Iterator
from random import Random

from liftwing_serving.revscoring import families

from liftwing_demo.training.suite import Example, Recipe, Suite
from liftwing_demo.wiki.drafts import DRAFT_KINDS
from liftwing_demo.wiki.ledger import FIRST_REVISION_ID
from liftwing_demo.wiki.records import Labels, Revision
from liftwing_demo.wiki.sites import WIKIPEDIA
from liftwing_demo.wiki.store import WikiStore

MAX_COST_BYTES = 40_000_000
"""Bytes of wikitext, parents included, that are read for features at most."""
HEAVY_BYTES = 120_000
MAX_HEAVY = 25
"""Revisions of HEAVY_BYTES and more that are taken at most; each takes about a second."""
ESTIMATOR = {"n_estimators": 700, "max_depth": 5, "learning_rate": 0.015, "max_features": "log2"}
"""As many trees as the models of English Wikipedia have, so that scoring costs as much."""
_SEED = 5


def choose_revisions(store: WikiStore) -> list[Labels]:
    """Labelled wikitext revisions within the limits of cost, by id.

    Those of large pages are rarely taken: the cost grows with the size of the text.
    """
    left_out = {"import"} | DRAFT_KINDS
    labels = {labels.rev_id: labels for labels in store.labels() if labels.kind not in left_out}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    pages = store.pages(sorted({revision.page_id for revision in known.values()}))
    candidates = [
        revision
        for rev_id, revision in known.items()
        if rev_id in labels
        and not revision.deleted
        and pages[revision.page_id].content_model == "wikitext"
    ]
    Random(_SEED).shuffle(candidates)
    return [labels[rev_id] for rev_id in sorted(_affordable(candidates, known))]


def _affordable(candidates: Iterable[Revision], known: dict[int, Revision]) -> Iterator[int]:
    spent = heavy = 0
    for revision in candidates:
        parent = known.get(revision.parent_id)
        cost = revision.size + (parent.size if parent else 0)
        is_heavy = cost >= HEAVY_BYTES
        if spent + cost > MAX_COST_BYTES or (is_heavy and heavy >= MAX_HEAVY):
            continue
        spent += cost
        heavy += is_heavy
        yield revision.rev_id


def _recipe(kind: str) -> Recipe:
    def examples(store: WikiStore) -> list[Example]:
        page_of = {revision.rev_id: revision.page_id for revision in store.all_revisions()}
        return [
            Example(labels.rev_id, page_of[labels.rev_id], bool(getattr(labels, kind)))
            for labels in choose_revisions(store)
        ]

    features = f"editquality.feature_lists.enwiki:{kind}"
    return Recipe(kind, features, (True, False), examples, ESTIMATOR)


EDITQUALITY = Suite(
    name="editquality",
    title="edit quality",
    site=WIKIPEDIA,
    recipes=tuple(map(_recipe, families.EDITQUALITY.kinds)),
    folder=families.EDITQUALITY.folder,
    example=families.EDITQUALITY.example,
    rev_id=FIRST_REVISION_ID,
    libraries=("revscoring", "editquality", "scikit-learn", "numpy"),
    story="""\
- **Data**: {revisions} edits made up by a seeded generator (seed {seed}) over real English \
Wikipedia articles. Each edit is labelled by the kind of edit that made it; `reverted` says that \
the page soon returned to an earlier text.
- **Features**: the lists of English Wikipedia from `editquality`, extracted by `revscoring`.
- **Held out**: a quarter of the pages, with all their edits. The figures below are of those edits \
only; precision and recall are of the prediction `true` at a probability of 0.5.
- **Limits**: the generator repeats itself, so that the figures are far better than on a real wiki.
""",
)
