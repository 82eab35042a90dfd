"""Which Wikidata items an article links to: of its present text, or of one revision's.

https://www.mediawiki.org/wiki/API:Links and https://www.mediawiki.org/wiki/API:Parsing_wikitext
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import UpstreamUnusable
from liftwing_serving.mediawiki import answers
from liftwing_serving.mediawiki.api import Api, Wiki

# What MediaWiki says of a revision that is deleted, hidden or was never there.
REVISION_GONE = frozenset({"nosuchrevid", "permissiondenied", "missingcontent-revid"})
# They part the values of a parameter, and no title has one of them.
SEPARATORS = frozenset("|\x1f")
ITEM_PROPERTIES = {"prop": "pageprops", "ppprop": "wikibase_item"}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many items are wanted, and how many calls for one article run side by side.

    One call asks for at most so many titles, and for so many bytes of them in its address.
    """

    items: int = 1000
    parallel: int = 8
    titles: int = 50
    url_bytes: int = 6000


class RevisionGone(Exception):
    """The wiki does not show the revision; `code` is its API's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Links:
    """The outlinks of articles of any wiki. Keeps nothing of any request.

    Links to other namespaces do not count, redirects are followed, and each item comes once, in
    the order of MediaWiki's answers.
    """

    def __init__(self, api: Api, bounds: Bounds = Bounds()) -> None:
        self._api = api
        self._bounds = bounds

    async def of_page(
        self, wiki: Wiki, title: str | None, page_id: int | None, deadline: Deadline
    ) -> list[str]:
        """Items that the page with this title, or else with this id, links to now.

        Empty if there is no such page. Raises UpstreamUnavailable, UpstreamUnusable,
        DeadlineExceeded.
        """
        if title is not None and SEPARATORS & set(title):
            return []
        page = {"pageids": str(page_id)} if title is None else {"titles": title}
        query = {
            "generator": "links",
            **page,
            "redirects": "1",
            "gplnamespace": "0",
            "gpllimit": "max",
            **ITEM_PROPERTIES,
        }
        items: dict[str, None] = {}
        further: dict[str, str] = {}
        seen: list[dict[str, str]] = []
        while True:
            document = await self._api.query(wiki, {**query, **further}, deadline)
            found, continuation = answers.items_of(document)
            items |= dict.fromkeys(found)
            if not continuation or len(items) >= self._bounds.items:
                return list(items)[: self._bounds.items]
            if continuation in seen:
                raise UpstreamUnusable("MediaWiki's answer does not go on.")
            seen.append(continuation)
            further = continuation

    async def of_revision(self, wiki: Wiki, rev_id: int, deadline: Deadline) -> list[str]:
        """Items that a revision links to; their titles are asked for in calls side by side.

        Raises RevisionGone, UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """
        parse = {"action": "parse", "oldid": str(rev_id), "prop": "links"}
        try:
            document = await self._api.call(wiki, parse, deadline)
        except UpstreamUnusable as error:
            if error.code in REVISION_GONE:
                raise RevisionGone(error.code) from None
            raise
        titles = answers.linked_titles_of(document)
        items: dict[str, None] = {}
        while titles and len(items) < self._bounds.items:
            # As many as could be enough; more of them if some have no item.
            wanted = self._bounds.items - len(items)
            for found in await self._items_of(wiki, titles[:wanted], deadline):
                items |= dict.fromkeys(found)
            titles = titles[wanted:]
        return list(items)[: self._bounds.items]

    async def _items_of(
        self, wiki: Wiki, titles: Sequence[str], deadline: Deadline
    ) -> list[list[str]]:
        """The items of the titles' pages, of each call a list."""
        free = asyncio.Semaphore(self._bounds.parallel)

        async def ask(batch: list[str]) -> list[str]:
            query = {"titles": "|".join(batch), "redirects": "1", **ITEM_PROPERTIES}
            async with free:
                items, _ = answers.items_of(await self._api.query(wiki, query, deadline))
                return items

        calls = [asyncio.ensure_future(ask(batch)) for batch in batches(titles, self._bounds)]
        try:
            return await asyncio.gather(*calls)
        finally:
            # Of a request that failed or was given up, the rest is not worth asking for.
            for call in calls:
                call.cancel()


def batches(titles: Sequence[str], bounds: Bounds) -> Iterator[list[str]]:
    """The titles in their order, cut so that each part fits into one call's address."""
    batch: list[str] = []
    url_bytes = 0
    for title in titles:
        # With the `|` before it, which is three bytes.
        title_bytes = len(quote(title, safe="")) + 3
        if batch and (len(batch) == bounds.titles or url_bytes + title_bytes > bounds.url_bytes):
            yield batch
            batch, url_bytes = [], 0
        batch.append(title)
        url_bytes += title_bytes
    if batch:
        yield batch
