"""A server with more work than it can do says so at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from support import events
from support.processes import Wiki
from support.services import Start

MODEL = "enwiki-damaging"


def test_fault_15_what_is_too_much_is_refused_at_once_with_429_and_events_with_503(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start(ASYNCIO_AUX_WORKERS=1, MAX_QUEUE_SECONDS=0)
    # While MediaWiki keeps the first waiting, there is work for the only worker.
    wiki.turn(latency=4)
    first, second, third = nasty["ordinary"][:3]
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(server.predict, MODEL, {"rev_id": first})
        time.sleep(0.5)
        joined = threads.submit(server.predict, MODEL, {"rev_id": first})
        asked = len(wiki.calls()["revids"])
        refused = server.predict(MODEL, {"rev_id": second})
        by_event = server.predict(MODEL, {"event": events.revision_create(third)})
        assert not answer.done()
        assert (refused.status, by_event.status) == (429, 503)
        assert int(refused.headers["retry-after"]) >= 1
        assert int(by_event.headers["retry-after"]) >= 1
        assert len(wiki.calls()["revids"]) == asked
        assert (answer.result().status, joined.result().status) == (200, 200)
    wiki.reset()
    assert server.predict(MODEL, {"rev_id": second}).status == 200
