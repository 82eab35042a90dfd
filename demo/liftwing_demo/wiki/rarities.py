"""What is rare in a wiki and easy to forget: each function enters one such occurrence."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from liftwing_demo.wiki.edits import GOOD, GROWTH, WITH_FOREIGN_NAME
from liftwing_demo.wiki.ledger import Draft, Ledger, PageState, Step
from liftwing_demo.wiki.records import Hidden
from liftwing_demo.wiki.vandalism import BAD, BLANKING

LARGE_BYTES = 150_000
MIDDLE_BYTES = (3_000, 60_000)
TALK, USER, MEDIAWIKI, DRAFT = 1, 2, 8, 118

Rarity = Callable[[Ledger], Iterator[Step]]


def anonymous_edits(ledger: Ledger) -> Iterator[Step]:
    """A good edit from an IPv4 and one from an IPv6 address."""
    for editor in (ledger.cast.ipv4(), ledger.cast.ipv6()):
        yield ledger.edit(ledger.rng.choice(ledger.articles(*MIDDLE_BYTES)), editor, GOOD)


def edit_by_missing_account(ledger: Ledger) -> Iterator[Step]:
    """The editor has an id, and no account belongs to it."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.unregistered(), GOOD)


def imported_edit(ledger: Ledger) -> Iterator[Step]:
    """The editor is a name with a `>`, from another wiki."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.imported(), GOOD)


def edit_by_ancient_account(ledger: Ledger) -> Iterator[Step]:
    """The editor's registration is null."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.ancient(), GOOD)


def odd_comments(ledger: Ledger) -> Iterator[Step]:
    """Comments beyond the basic plane, from right to left, and empty."""
    for comment in ("𝒯𝒾𝒹𝓎 🦔 𐌰", "/* تاريخ */ תיקון ניסוח — تحرير طفيف", ""):
        state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
        yield ledger.edit(state, ledger.cast.veteran(), GOOD, comment)


def blanking(ledger: Ledger) -> Iterator[Step]:
    """A page is emptied and restored."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.anonymous(), BLANKING)
    yield ledger.revert(state, ledger.cast.patroller())


def blanking_of_large_page(ledger: Ledger) -> Iterator[Step]:
    """The smallest revision with the largest parent, then the reverse."""
    state = _largest(ledger)
    yield ledger.edit(state, ledger.cast.anonymous(), BLANKING)
    yield ledger.revert(state, ledger.cast.watch_robot())


def edit_of_large_page(ledger: Ledger) -> Iterator[Step]:
    """An ordinary edit of the largest page."""
    yield ledger.edit(_largest(ledger), ledger.cast.veteran(), GOOD)


def foreign_name(ledger: Ledger) -> Iterator[Step]:
    """Text beyond the basic plane."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.veteran(), WITH_FOREIGN_NAME)


def hidden_comment(ledger: Ledger) -> Iterator[Step]:
    """A comment that an administrator hid."""
    yield from _hidden(ledger, Hidden(comment=True))


def hidden_user(ledger: Ledger) -> Iterator[Step]:
    """An editor whose name an administrator hid."""
    yield from _hidden(ledger, Hidden(user=True))


def hidden_text(ledger: Ledger) -> Iterator[Step]:
    """A text that an administrator hid; the revert has it as its parent."""
    yield from _hidden(ledger, Hidden(text=True))


def deletion(ledger: Ledger) -> Iterator[Step]:
    """A revision that was deleted, and its child that still names it."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    step = ledger.edit(state, ledger.cast.newcomer(ledger.now), GOOD)
    yield replace(step, revision=replace(step.revision, deleted=True))
    yield ledger.edit(state, ledger.cast.veteran(), GOOD)


def discussion(ledger: Ledger) -> Iterator[Step]:
    """A talk page, begun and continued."""
    known = {state.page.title for state in ledger.states}
    subjects = [state for state in ledger.articles() if f"Talk:{state.page.title}" not in known]
    if not subjects:
        return
    state = ledger.open_page(f"Talk:{ledger.rng.choice(subjects).page.title}", TALK)
    first, second = ledger.cast.newcomer(ledger.now), ledger.cast.veteran()
    question = (
        "== A question about the lead ==\nShould the first paragraph say where the name comes "
        f"from? It was asked before. [[User:{first.name}|{first.name}]] 09:12, 2 March 2022 (UTC)\n"
    )
    comment = "/* A question about the lead */ new section"
    yield ledger.save(state, first, Draft(question, comment, "talk"))
    answer = question + f":Yes, with a source. [[User:{second.name}]] 10:40, 2 March 2022 (UTC)\n"
    yield ledger.save(state, second, Draft(answer, "/* A question about the lead */ re", "talk"))


def user_pages(ledger: Ledger) -> Iterator[Step]:
    """A user page, a draft, and pages of other content models, each created and edited."""
    known = {state.page.title for state in ledger.states}
    owner = ledger.cast.newcomer(ledger.now)
    while f"User:{owner.name}" in known:
        owner = ledger.cast.newcomer(ledger.now)
    user = ledger.open_page(f"User:{owner.name}", USER)
    yield ledger.save(user, owner, Draft("I like maps.\n", "Created page", "user_page"))
    yield ledger.save(user, owner, Draft("I like maps and trains.\n", "", "user_page"))
    draft = ledger.open_page(f"Draft:{owner.name} line", DRAFT)
    text = f"'''{owner.name} line''' is a railway that nobody has built yet.\n"
    yield ledger.save(draft, owner, Draft(text, "begin", "draft_page"))
    yield ledger.edit(draft, owner, GROWTH)
    settings = ledger.open_page(f"User:{owner.name}/settings.json", USER, content_model="json")
    for width in (300, 420):
        text = json.dumps({"width": width, "gadgets": ["clock", "🗺"]}, ensure_ascii=False)
        yield ledger.save(settings, owner, Draft(text, "", "settings"))


def style_sheet(ledger: Ledger) -> Iterator[Step]:
    """A page of the interface, written in CSS."""
    title = f"MediaWiki:Gadget-{ledger.rng.randint(1, 10**6)}.css"
    state = ledger.open_page(title, MEDIAWIKI, content_model="css")
    editor = ledger.cast.patroller()
    for colour in ("#eee", "#eef"):
        text = f".notice {{ background: {colour}; }}\n"
        yield ledger.save(state, editor, Draft(text, "colour", "interface"))


def robot_edit(ledger: Ledger) -> Iterator[Step]:
    """A robot edits a page of a middling size."""
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.tidy_robot(), GROWTH, "Robot: adding [[WP:V|source]]")


def _hidden(ledger: Ledger, hidden: Hidden) -> Iterator[Step]:
    state = ledger.rng.choice(ledger.articles(*MIDDLE_BYTES))
    yield ledger.edit(state, ledger.cast.ill_meaning(ledger.now), BAD, hidden=hidden)
    yield ledger.revert(state, ledger.cast.patroller())


def _largest(ledger: Ledger) -> PageState:
    return max(ledger.articles(LARGE_BYTES), key=lambda state: state.head.size if state.head else 0)


RARITIES: tuple[Rarity, ...] = (
    anonymous_edits,
    edit_of_large_page,
    edit_by_missing_account,
    imported_edit,
    edit_by_ancient_account,
    odd_comments,
    blanking,
    foreign_name,
    hidden_comment,
    hidden_user,
    hidden_text,
    deletion,
    discussion,
    user_pages,
    style_sheet,
    robot_edit,
    blanking_of_large_page,
)
"""Each is entered once at the beginning of a history, in this order, and at random later."""
