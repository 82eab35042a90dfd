"""What an edit changed: both texts from the wiki, compared."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache

import aiohttp
import orjson

from liftwing_serving import wikipedias
from liftwing_serving.catalogue import services
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import RevisionMissing
from liftwing_serving.mediawiki import Api, Gone, Needs, Revision, Revisions, Wiki
from liftwing_serving.ores.page.comparison import Comparison, compare
from liftwing_serving.ores.page.settings import PageSettings

# Each is a thread that computes for some tenths of a second at the most.
MAX_COMPARISONS = 2
# What takes longer is no text that somebody reads.
MAX_TEXT = 4 << 20
_IN_JSON = frozenset({"json", "wikibase-item", "wikibase-property", "wikibase-lexeme"})


@dataclass(frozen=True, slots=True)
class Diff:
    """What an edit changed, or in `reason` why it cannot be shown. `revision` is None if the wiki
    has none of that id."""

    wiki: str
    rev_id: int
    revision: Revision | None = None
    comparison: Comparison | None = None
    reason: str = ""


@cache
def hosts() -> dict[str, str]:
    """The hosts of the wikis by their names. No other name leads to any host."""
    return {service.wiki: service.host for service in services() if service.wiki}


def host_of(wiki: str) -> str | None:
    """The host of a wiki, or None if there is no such wiki."""
    wikipedia = wikipedias.by_database(wiki)
    return wikipedia.host if wikipedia else hosts().get(wiki)


class Diffs:
    """Of any wiki that is known."""

    def __init__(self, http: aiohttp.ClientSession, settings: PageSettings) -> None:
        self._api = Api.of(http, settings)
        self._url = str(settings.wiki_url) if settings.wiki_url is not None else None
        self._revisions: dict[str, Revisions] = {}
        self._comparing = asyncio.Semaphore(MAX_COMPARISONS)

    async def diff(self, wiki: str, rev_id: int, deadline: Deadline) -> Diff | None:
        """An edit's; None if there is no such wiki.

        Raises UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """
        host = host_of(wiki)
        if host is None:
            return None
        revisions = self._of(wiki, host)
        try:
            documents = await revisions.documents(rev_id, Needs(parent=True), deadline)
        except RevisionMissing:
            text = "The wiki has no such revision, or it was deleted."
            return Diff(wiki, rev_id, reason=text)
        revision, parent = documents.revision, documents.parent
        reason = _hidden(revision, parent)
        if reason:
            return Diff(wiki, rev_id, revision, reason=reason)
        old = parent.text if isinstance(parent, Revision) else ""
        comparison = await deadline.wait_for(self._compare(old or "", revision))
        return Diff(wiki, rev_id, revision, comparison)

    async def close(self) -> None:
        """Cancel the calls under way."""
        await asyncio.gather(*(one.close() for one in self._revisions.values()))

    def _of(self, wiki: str, host: str) -> Revisions:
        if wiki not in self._revisions:
            where = Wiki(self._url, host) if self._url else Wiki(f"https://{host}")
            self._revisions[wiki] = Revisions(where, self._api)
        return self._revisions[wiki]

    async def _compare(self, old: str, revision: Revision) -> Comparison:
        in_json = revision.content_model in _IN_JSON
        async with self._comparing:
            return await asyncio.to_thread(_compared, old, revision.text or "", in_json)


def _hidden(revision: Revision, parent: Revision | Gone | None) -> str:
    """Why the texts cannot be compared; empty if they can."""
    if revision.text is None:
        return "The text of this revision is hidden."
    if isinstance(parent, Gone):
        return "The revision before this one was deleted."
    if parent is not None and parent.text is None:
        return "The text of the revision before this one is hidden."
    if len(revision.text) + len((parent.text or "") if parent else "") > MAX_TEXT:
        return "The texts are too long to be compared here."
    return ""


def _compared(old: str, new: str, in_json: bool) -> Comparison:
    if in_json:
        old, new = _indented(old), _indented(new)
    return compare(old, new)


def _indented(text: str) -> str:
    """JSON over several lines; other text as it is."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text
