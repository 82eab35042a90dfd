"""Revisions of words that no others have, as a server has seen that runs for a day.

Over few articles a server meets few words, and what it keeps of each costs nothing yet.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
from liftwing_demo.wiki.records import Labels, Page, Revision
from liftwing_demo.wiki.store import WikiStore
from server import Server

# Above all ids of a demo wiki.
FIRST = 900_000_000
REVISIONS = 64
WORDS_EACH = 4000
# More than the workers, so that none waits: each of the two sees about half of the 256,000 words.
CLIENTS = 4


def add_words(wiki: Path) -> None:
    """Write these revisions into a demo wiki, unless it has them."""
    with WikiStore.open(wiki) as store:
        if store.revisions([FIRST]):
            return
    with closing(sqlite3.connect(wiki)) as connection:
        store = WikiStore(connection)
        for rev_id in range(FIRST, FIRST + REVISIONS):
            store.add_page(Page(rev_id, 0, f"Words {rev_id}"))
            store.add_revision(_revision(rev_id), Labels(rev_id, "words", False, True))
        connection.commit()


async def see_words(server: Server, session: aiohttp.ClientSession) -> None:
    """Have the server score them all."""
    rev_ids = iter(range(FIRST, FIRST + REVISIONS))

    async def client() -> None:
        for rev_id in rev_ids:
            await server.score(session, rev_id)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


def _revision(rev_id: int) -> Revision:
    first = (rev_id - FIRST) * WORDS_EACH
    text = " ".join(_words(range(first, first + WORDS_EACH)))
    return Revision(
        rev_id=rev_id,
        parent_id=0,
        page_id=rev_id,
        user_id=0,
        user_name="192.0.2.1",
        timestamp="2022-01-01T00:00:00Z",
        comment="words",
        sha1=f"words{rev_id}",
        size=len(text),
        text=text,
    )


def _words(numbers: range) -> Iterator[str]:
    digits = str.maketrans("0123456789", "aeioubdklm")
    return (f"w{number:07}".translate(digits) for number in numbers)
