"""The state of a history in the making: ids, the clock, pages, and how a revision is saved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from random import Random

from liftwing_demo.wiki.editors import Cast, Editor, timestamp
from liftwing_demo.wiki.edits import Kind, comment_of, pick_change
from liftwing_demo.wiki.records import Hidden, Labels, Page, Revision, User

FIRST_REVISION_ID = 1_000_001
FIRST_NEW_PAGE_ID = 70_000_001
OPENING = datetime(2022, 3, 1, 8, 0, tzinfo=UTC)
VISIBLE = Hidden()
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Step:
    """A revision and what it was meant as; whether it gets reverted only later ones can tell."""

    revision: Revision
    labels: Labels


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody is about to save."""

    text: str
    comment: str
    kind: str
    damaging: bool = False
    goodfaith: bool = True
    minor: bool = False
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class PageState:
    """A page as it stands: its last revision, and the last one that nobody had to revert."""

    page: Page
    head: Revision | None = None
    stable: Revision | None = None
    damaged: bool = False

    @property
    def text(self) -> str:
        """The current text, empty before the first revision."""
        return (self.head.text or "") if self.head else ""


def base36_sha1(text: str) -> str:
    """The SHA-1 of a text as MediaWiki stores it: 31 digits in base 36."""
    number = int(sha1(text.encode()).hexdigest(), 16)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(31, "0")


class Ledger:
    """Where revisions are entered: gives them ids and times, and keeps each page's state."""

    def __init__(
        self,
        seed: int,
        first_revision_id: int = FIRST_REVISION_ID,
        first_page_id: int = FIRST_NEW_PAGE_ID,
    ) -> None:
        self.rng = Random(seed)
        self.now = OPENING
        self.cast = Cast(self.rng, OPENING)
        self.states: list[PageState] = []
        self._next_id = first_revision_id
        self._next_page_id = first_page_id

    def open_page(
        self, title: str, namespace: int, page_id: int = 0, content_model: str = "wikitext"
    ) -> PageState:
        """A page without revisions yet; without an id it gets the next free one."""
        if not page_id:
            page_id = self._next_page_id
            self._next_page_id += self.rng.randint(1, 40)
        state = PageState(Page(page_id, namespace, title, content_model))
        self.states.append(state)
        return state

    def articles(self, least: int = 0, most: int = 10**9) -> list[PageState]:
        """Undamaged main namespace pages with a size in bytes within the bounds."""
        return [
            state
            for state in self.states
            if state.page.namespace == 0
            and state.head is not None
            and not state.damaged
            and least <= state.head.size <= most
        ]

    def import_text(self, state: PageState, rev_id: int, moment: datetime, text: str) -> Step:
        """A first revision from before the history, with an id and a time of its own."""
        draft = Draft(text, "imported from English Wikipedia", "import")
        return self._enter(state, self.cast.veteran(), draft, VISIBLE, rev_id, timestamp(moment))

    def save(
        self, state: PageState, editor: Editor, draft: Draft, hidden: Hidden = VISIBLE
    ) -> Step:
        """The next revision of a page, some minutes after the last one of the wiki."""
        self.now += timedelta(seconds=self.rng.randint(40, 5400))
        rev_id = self._next_id
        self._next_id += 1
        return self._enter(state, editor, draft, hidden, rev_id, timestamp(self.now))

    def edit(
        self,
        state: PageState,
        editor: Editor,
        kinds: tuple[Kind, ...],
        comment: str | None = None,
        hidden: Hidden = VISIBLE,
    ) -> Step:
        """An edit of one of the kinds; a given comment replaces the one the kind suggests."""
        kind, change = pick_change(self.rng, state.text, kinds)
        suggested = comment_of(self.rng, state.text, change)
        draft = Draft(
            change.text,
            suggested if comment is None else comment,
            kind.name,
            kind.damaging,
            kind.goodfaith,
            change.minor and editor.user_id > 0,
            ("mobile edit", "mobile web edit") if self.rng.random() < 0.1 else (),
        )
        return self.save(state, editor, draft, hidden)

    def revert(self, state: PageState, editor: Editor) -> Step:
        """The page goes back to its last good revision, and the comment says so."""
        assert state.head is not None and state.stable is not None
        bad, good = state.head.user_name, state.stable.user_name
        contributions = f"[[Special:Contributions/{bad}|{bad}]]"
        comments = (
            f"Reverted edits by {contributions} ([[User talk:{bad}|talk]]) "
            f"to last version by {good}",
            f"Undid revision {state.head.rev_id} by {contributions} ([[User talk:{bad}|talk]])",
            f"rvv, restore version by {good}",
        )
        comment = self.rng.choice(comments)
        if editor == self.cast.watch_robot():
            comment = f"Reverting possible vandalism by {contributions} to version by {good}. (Bot)"
        restored = state.stable
        draft = Draft(restored.text or "", comment, "revert", minor=True, tags=("mw-rollback",))
        step = self.save(state, editor, draft)
        state.stable, state.damaged = step.revision, False
        return step

    def _enter(
        self,
        state: PageState,
        editor: Editor,
        draft: Draft,
        hidden: Hidden,
        rev_id: int,
        moment: str,
    ) -> Step:
        revision = Revision(
            rev_id=rev_id,
            parent_id=state.head.rev_id if state.head else 0,
            page_id=state.page.page_id,
            user_id=editor.user_id,
            user_name=editor.name,
            timestamp=moment,
            comment=draft.comment,
            sha1=base36_sha1(draft.text),
            size=len(draft.text.encode()),
            text=draft.text,
            minor=draft.minor,
            tags=draft.tags,
            hidden=hidden,
        )
        if draft.damaging:
            state.damaged = True
        elif not state.damaged:
            state.stable = revision
        state.head = revision
        return Step(revision, Labels(rev_id, draft.kind, draft.damaging, draft.goodfaith))


class LedgerHistory:
    """What a history that is entered in a ledger tells of itself."""

    _ledger: Ledger

    @property
    def pages(self) -> list[Page]:
        """Every page that exists so far."""
        return [state.page for state in self._ledger.states]

    @property
    def accounts(self) -> list[User]:
        """Every account registered so far."""
        return list(self._ledger.cast.accounts.values())

    @property
    def now(self) -> str:
        """The ISO time of the last revision."""
        return timestamp(self._ledger.now)
