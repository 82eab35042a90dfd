"""Edits a demo wiki every few seconds, as long as somebody follows the scores of its edits.

`python -m liftwing_demo.live.editor --db PATH --eventgate URL --model URL` tells of each edit as it
is told in production: a revision-create event goes to EventGate, and by ChangeProp to the models.
"""

import argparse
import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import aiohttp

from liftwing_demo.live.edits import Edit, edits, former_edits
from liftwing_demo.live.events import STREAM, revision_create
from liftwing_demo.wiki.store import WikiStore

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 3.0
LOOKING_SECONDS = 0.5
CALL_SECONDS = 30.0


class Editor:
    """Who edits, and who tells of it. `pause` is the time between two edits in seconds."""

    def __init__(
        self, http: aiohttp.ClientSession, eventgate: str, models: Sequence[str], pause: float
    ) -> None:
        self._http = http
        self._eventgate = eventgate
        self._models = models
        self._pause = pause
        self._ids = Random(0)

    async def run(self, store: WikiStore, made: Iterator[Edit]) -> None:
        """Edit whenever somebody follows another stream than that of the edits themselves."""
        site = store.site()
        while True:
            if not await self._followed():
                await asyncio.sleep(LOOKING_SECONDS)
                continue
            # Texts of some kilobytes are made and written, in a process that has no other work.
            edit = next(made)
            event_id = str(UUID(int=self._ids.getrandbits(128), version=4))
            await self._tell(revision_create(edit, site, datetime.now(UTC), event_id))
            await asyncio.sleep(self._pause)

    async def _followed(self) -> bool:
        try:
            async with self._http.get(f"{self._eventgate}/_control/followers") as response:
                followers = (await response.json())["followers"]
        except (aiohttp.ClientError, TimeoutError):
            return False
        return any(stream != STREAM for stream in followers)

    async def _tell(self, event: dict[str, Any]) -> None:
        """EventGate first, which hands it on; whether a model can score it is for the model."""
        await self._post(f"{self._eventgate}/v1/events", event)
        bodies = ((url, {"event": event}) for url in self._models)
        await asyncio.gather(*(self._post(url, body) for url, body in bodies))

    async def _post(self, url: str, body: dict[str, Any]) -> None:
        try:
            async with self._http.post(url, json=body) as response:
                await response.read()
                if response.status >= 500:
                    logger.warning("%s answered %d", url, response.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.warning("%s could not be told of an edit: %r", url, error)


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal; the exit code is 0 then, 1 if the wiki cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m liftwing_demo.live.editor")
    parser.add_argument("--db", type=Path, required=True, help="the wiki's file")
    parser.add_argument("--eventgate", required=True, help="the EventGate's URL")
    parser.add_argument("--model", action="append", default=[], help="where models are asked")
    parser.add_argument("--pause", type=float, default=PAUSE_SECONDS, help="seconds between edits")
    parser.add_argument(
        "--former", action="store_true", help="tell of former edits, and make no new ones"
    )
    options = parser.parse_args(arguments)
    try:
        opened = (WikiStore.open if options.former else WikiStore.append)(options.db)
        opened.meta()
    except sqlite3.Error as error:
        print(f"cannot read the wiki at {options.db}: {error}", file=sys.stderr)
        return 1
    with closing(opened) as store:
        made = former_edits(store) if options.former else edits(store)
        asyncio.run(_run(store, made, options))
    return 0


async def _run(store: WikiStore, made: Iterator[Edit], options: argparse.Namespace) -> None:
    editing = asyncio.current_task()
    assert editing is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, editing.cancel)
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            editor = Editor(http, options.eventgate, options.model, options.pause)
            await editor.run(store, made)
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    sys.exit(main())
