"""Revisions and users of one wiki, with as few calls as possible.

https://www.mediawiki.org/wiki/API:Revisions and https://www.mediawiki.org/wiki/API:Users
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple
from urllib.parse import quote

from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import RevisionMissing, UpstreamUnusable
from liftwing_serving.mediawiki import answers
from liftwing_serving.mediawiki.api import Api, Wiki
from liftwing_serving.mediawiki.batcher import Batcher
from liftwing_serving.mediawiki.documents import Documents, Gone, Needs, Revision, User

REVISION_PROPERTIES = "ids|timestamp|user|userid|size|comment|content|contentmodel"
USER_PROPERTIES = "groups|registration|editcount|gender"
# Of an address, for user names; servers take 8,000 for all of it.
MAX_NAME_BYTES = 6000


class Account(NamedTuple):
    """An account as a revision tells of it."""

    name: str
    user_id: int


class Revisions:
    """One wiki's. Safe for any number of requests at a time; keeps nothing of any of them."""

    def __init__(self, wiki: Wiki, api: Api) -> None:
        self._wiki = wiki
        self._api = api
        self._revisions: Batcher[int, Revision] = Batcher(self._fetch_revisions)
        self._users: Batcher[Account, User] = Batcher(self._fetch_users)

    async def documents(self, rev_id: int, needs: Needs, deadline: Deadline) -> Documents:
        """A revision and what is needed beside it; parent and user are fetched at the same time.

        Raises RevisionMissing, UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """
        revision = await self._revisions.get(rev_id, deadline)
        if revision is None:
            raise RevisionMissing(rev_id)
        parent, user = await asyncio.gather(
            self._parent_of(revision, needs, deadline), self._user_of(revision, needs, deadline)
        )
        return Documents(revision, parent, user)

    async def revision(self, rev_id: int, deadline: Deadline) -> Revision | None:
        """The revision, or None if the wiki has none of that id.

        Raises UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """
        return await self._revisions.get(rev_id, deadline)

    async def user(self, account: Account, deadline: Deadline) -> User | None:
        """What the wiki tells of the account, or None if its answer has none of exactly that name.

        Raises UpstreamUnavailable, UpstreamUnusable, DeadlineExceeded.
        """
        return await self._users.get(account, deadline)

    async def close(self) -> None:
        """Cancel the calls under way."""
        await self._revisions.close()
        await self._users.close()

    async def _parent_of(
        self, revision: Revision, needs: Needs, deadline: Deadline
    ) -> Revision | Gone | None:
        if not needs.parent or revision.parent_id == 0:
            return None
        return await self._revisions.get(revision.parent_id, deadline) or Gone.MISSING

    async def _user_of(
        self, revision: Revision, needs: Needs, deadline: Deadline
    ) -> User | Gone | None:
        # A user who is not registered has the id 0.
        if not needs.user or revision.user is None or not revision.user_id:
            return None
        account = Account(revision.user, revision.user_id)
        return await self._users.get(account, deadline) or Gone.MISSING

    async def _fetch_revisions(
        self, rev_ids: list[int], deadline: Deadline, patient: bool
    ) -> dict[int, Revision]:
        """Ask until each id is answered: MediaWiki cuts an answer short that grows too large."""
        found: dict[int, Revision] = {}
        pending = rev_ids
        while pending:
            query = {
                "prop": "revisions",
                "revids": "|".join(map(str, pending)),
                "rvprop": REVISION_PROPERTIES,
                "rvslots": "main",
            }
            document = await self._api.query(self._wiki, query, deadline, patient)
            revisions, missing = answers.revisions_of(document)
            found |= revisions
            rest = [id_ for id_ in pending if id_ not in found and id_ not in missing]
            if rest and ("continue" not in document or len(rest) == len(pending)):
                raise UpstreamUnusable("MediaWiki's answer does not tell of each revision.")
            pending = rest
        return found

    async def _fetch_users(
        self, accounts: list[Account], deadline: Deadline, patient: bool
    ) -> dict[Account, User]:
        """Asks by names, as revscoring's extractor does, or by ids if those are too long together.

        Fifty names of 85 letters that are none of ASCII would be an address of 38,000 bytes.
        """
        query = {"list": "users"}
        by_id = sum(len(quote(account.name)) + 3 for account in accounts) > MAX_NAME_BYTES
        if by_id:
            query["ususerids"] = "|".join(str(account.user_id) for account in accounts)
        else:
            query["ususers"] = "|".join(account.name for account in accounts)
        query["usprop"] = USER_PROPERTIES
        document = await self._api.query(self._wiki, query, deadline, patient)
        if not by_id:
            users = answers.users_of_names(document)
            return {account: users[account.name] for account in accounts if account.name in users}
        of_ids = answers.users_of_ids(document)
        return {
            account: _if_named(account.name, of_ids[account.user_id])
            for account in accounts
            if account.user_id in of_ids
        }


def _if_named(name: str, user: User) -> User:
    """The account, or what an answer by names has for one that has another name by now: nothing."""
    return user if user.name == name else User(name, None, None, None, None)
