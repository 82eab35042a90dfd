"""A proxy in front of the demo wiki that spoils what it says of some revisions."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Spoil = Callable[[dict[str, Any]], None]


class Spoiler:
    """Passes calls on to a wiki; each revision in `spoiled` goes through its function first."""

    def __init__(self, wiki_url: str) -> None:
        self.wiki_url = wiki_url
        self.url = ""
        self.spoiled: dict[int, Spoil] = {}

    def answer(self, path: str) -> bytes:
        with urllib.request.urlopen(self.wiki_url + path, timeout=60) as response:
            document = json.load(response)
        for page in document.get("query", {}).get("pages", []):
            for revision in page.get("revisions", []):
                if spoil := self.spoiled.get(revision.get("revid")):
                    spoil(revision)
        return json.dumps(document).encode()


@contextmanager
def spoiling(wiki_url: str) -> Iterator[Spoiler]:
    """A spoiler that listens, and spoils nothing yet."""
    spoiler = Spoiler(wiki_url)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = spoiler.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        spoiler.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield spoiler
        server.shutdown()
        thread.join()
