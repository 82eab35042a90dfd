"""Which revisions of a wiki are of a troublesome kind, found out from the data itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from liftwing_demo.wiki.records import Page, Revision, User
from liftwing_demo.wiki.store import WikiStore

LARGE_BYTES = 150_000
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-F]{0,4}(:[0-9A-F]{0,4}){2,7}")
_BEYOND_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A revision with everything that decides how hard it is to score."""

    revision: Revision
    text: str
    parent: Revision | None
    page: Page
    user: User | None


Test = Callable[[Surroundings], bool]


def is_address(name: str) -> bool:
    """Whether an editor's name is an IP address."""
    return _ADDRESS.fullmatch(name) is not None


def _is_ordinary(about: Surroundings) -> bool:
    return (
        about.user is not None
        and about.user.registration is not None
        and about.parent is not None
        and about.parent.size > 0
        and not any(test(about) for name, test in _TESTS.items() if name in _NOT_ORDINARY)
    )


_TESTS: dict[str, Test] = {
    "anonymous": lambda about: (
        about.revision.user_id == 0 and is_address(about.revision.user_name)
    ),
    "hidden_user": lambda about: about.revision.hidden.user,
    "hidden_comment": lambda about: about.revision.hidden.comment,
    "hidden_text": lambda about: about.revision.hidden.text,
    "hidden_parent_text": lambda about: about.parent is not None and about.parent.hidden.text,
    "missing_account": lambda about: about.revision.user_id > 0 and about.user is None,
    "invalid_name": lambda about: about.revision.user_id == 0 and ">" in about.revision.user_name,
    "null_registration": lambda about: about.user is not None and about.user.registration is None,
    "no_parent": lambda about: about.revision.parent_id == 0,
    "deleted_parent": lambda about: about.revision.parent_id > 0 and about.parent is None,
    "blanked_page": lambda about: about.revision.size == 0,
    "blanked_parent": lambda about: about.parent is not None and about.parent.size == 0,
    "large": lambda about: about.revision.size >= LARGE_BYTES,
    "large_parent": lambda about: about.parent is not None and about.parent.size >= LARGE_BYTES,
    "non_bmp": lambda about: _BEYOND_BASIC_PLANE.search(about.text) is not None,
    "other_namespace": lambda about: about.page.namespace != 0,
    "other_content_model": lambda about: about.page.content_model != "wikitext",
    "ordinary": _is_ordinary,
}
_NOT_ORDINARY = {
    *("hidden_user", "hidden_comment", "hidden_text", "hidden_parent_text", "blanked_page"),
    *("large", "large_parent", "other_namespace", "other_content_model"),
}


def nasty_revisions(store: WikiStore) -> dict[str, list[int]]:
    """Revision ids by kind, ascending; `ordinary` lists those without any trouble.

    Revisions from before the history, which merely bring in the articles, count too. One revision
    may be of several kinds; a deleted one is only `deleted`.
    """
    kinds: dict[str, list[int]] = {name: [] for name in ("deleted", *_TESTS)}
    users = {user.user_id: user for user in store.users()}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    pages = store.pages(sorted({revision.page_id for revision in known.values()}))
    for rev_id, revision in known.items():
        if revision.deleted:
            kinds["deleted"].append(rev_id)
            continue
        parent = known.get(revision.parent_id)
        about = Surroundings(
            revision=revision,
            text=store.revisions([rev_id], with_text=True)[rev_id].text or "",
            parent=None if parent is None or parent.deleted else parent,
            page=pages[revision.page_id],
            user=users.get(revision.user_id),
        )
        for name, test in _TESTS.items():
            if test(about):
                kinds[name].append(rev_id)
    return kinds
