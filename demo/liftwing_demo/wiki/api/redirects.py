"""Redirects among the pages of a query, followed as MediaWiki does: to the end, each once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from liftwing_demo.wiki.records import Page
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.titles import Title, parse_title


@dataclass(slots=True)
class Followed:
    """The pages at the ends, titles of ends that do not exist, and the steps taken."""

    pages: list[Page] = field(default_factory=list)
    missing: list[Title] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)


def follow(store: WikiStore, found: Iterable[Page], absent: Iterable[Title]) -> Followed:
    """Where the found pages lead; `absent` are titles already known not to exist."""
    result = Followed()
    known = store.site().namespaces
    pending = list(found)
    seen = {page.title for page in pending} | {title.full for title in absent}
    while pending:
        result.pages += [page for page in pending if page.redirect is None]
        targets: dict[str, Title] = {}
        for page in sorted(pending, key=lambda page: page.page_id):
            if page.redirect is None:
                continue
            target = parse_title(page.redirect, known=known)
            step = {"from": page.title, "to": target.full}
            result.steps.append(step | ({"tofragment": page.section} if page.section else {}))
            if target.full not in seen:
                targets[target.full] = target
        seen |= targets.keys()
        by_title = store.pages_titled(list(targets))
        pending = sorted(by_title.values(), key=page_key)
        result.missing += [title for name, title in targets.items() if name not in by_title]
    return result


def page_key(page: Page) -> tuple[int, str]:
    """What pages come sorted by."""
    return page.namespace, page.title
