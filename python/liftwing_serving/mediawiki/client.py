"""The documents of revisions and users of one wiki, with as few calls as possible."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import aiohttp

from liftwing_serving.deadline import Deadline
from liftwing_serving.documents import Revision, User
from liftwing_serving.errors import UpstreamUnusable
from liftwing_serving.mediawiki import answers
from liftwing_serving.mediawiki.batcher import Batcher
from liftwing_serving.mediawiki.retries import RetryPolicy
from liftwing_serving.mediawiki.session import Wiki, WikiSession

REVISION_PROPERTIES = "ids|timestamp|user|userid|size|comment|content|contentmodel"
USER_PROPERTIES = "groups|registration|editcount|gender"


class MediaWiki:
    """One wiki. Safe for any number of requests at a time; keeps nothing of any of them."""

    def __init__(
        self,
        wiki: Wiki,
        session: aiohttp.ClientSession,
        timeout_seconds: float,
        retries: RetryPolicy,
    ) -> None:
        self._session = WikiSession(wiki, session, timeout_seconds)
        self._retries = retries
        self._revisions: Batcher[int, Revision] = Batcher(self._fetch_revisions)
        self._users: Batcher[str, User] = Batcher(
            self._fetch_users, url_bytes_of=lambda name: len(quote(name)) + 3
        )

    async def revision(self, rev_id: int, deadline: Deadline) -> Revision | None:
        """The revision, or None if the wiki has no such one.

        Raises UpstreamUnusable, UpstreamUnavailable, DeadlineExceeded.
        """
        return await self._revisions.get(rev_id, deadline)

    async def user(self, name: str, deadline: Deadline) -> User | None:
        """The account of exactly that name, or None if the wiki's answer has none."""
        return await self._users.get(name, deadline)

    async def close(self) -> None:
        """Cancel the calls under way."""
        await self._revisions.close()
        await self._users.close()

    async def _fetch_revisions(self, rev_ids: list[int], deadline: Deadline) -> dict[int, Revision]:
        """Ask until each id is answered: MediaWiki cuts an answer short that grows too large."""
        found: dict[int, Revision] = {}
        pending = rev_ids
        while pending:
            document = await self._query(
                {
                    "prop": "revisions",
                    "revids": "|".join(map(str, pending)),
                    "rvprop": REVISION_PROPERTIES,
                    "rvslots": "main",
                },
                deadline,
            )
            found |= answers.revisions_of(document)
            missing = answers.missing_revisions_of(document)
            rest = [id_ for id_ in pending if id_ not in found and id_ not in missing]
            if rest and ("continue" not in document or len(rest) == len(pending)):
                raise UpstreamUnusable("MediaWiki's answer does not tell of each revision.")
            pending = rest
        return found

    async def _fetch_users(self, names: list[str], deadline: Deadline) -> dict[str, User]:
        query = {"list": "users", "ususers": "|".join(names), "usprop": USER_PROPERTIES}
        return answers.users_of(await self._query(query, deadline))

    async def _query(self, parameters: dict[str, str], deadline: Deadline) -> dict[str, Any]:
        """One query; the order of its parameters is fixed, so that HTTP caches can work."""
        parameters = {"action": "query", **parameters}

        async def call() -> dict[str, Any]:
            document: dict[str, Any] = await self._session.get(**parameters)
            return document

        return await self._retries.run(call, deadline)
