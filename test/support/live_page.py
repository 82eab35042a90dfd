"""All that stands between an edit and its row on the page, as processes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from support.environment import environment
from support.front import Front
from support.processes import EventGate, ModelServer, Wiki, call, stop
from support.services import environment_for

MODELS = ("enwiki-damaging", "enwiki-goodfaith")
STREAM = "mediawiki.revision-score"


class LivePage:
    """A wiki that is edited while somebody looks, its models, an EventGate, and the front."""

    def __init__(self, folder: Path, wiki_file: Path, model_files: Mapping[str, Path]) -> None:
        copy = folder / "edited.sqlite"
        shutil.copyfile(wiki_file, copy)
        with ExitStack() as stack:
            self.wiki = stack.enter_context(closing(Wiki(copy)))
            self.eventgate = EventGate()
            stack.callback(lambda: self.eventgate.close())
            events = {"EVENTGATE_URL": f"{self.eventgate.url}/v1/events"}
            events["EVENTGATE_STREAM"] = STREAM
            settings = environment_for(",".join(MODELS), dict(model_files), self.wiki, events)
            self.server = stack.enter_context(closing(ModelServer(folder / "model.log", settings)))
            streams = f"mediawiki.revision-create,{STREAM}"
            self.front = stack.enter_context(
                closing(
                    Front(
                        folder / "front.log",
                        f"enwiki-* {self.server.url}",
                        {
                            "SCORE_STREAM_URL": f"{self.eventgate.url}/v2/stream/{streams}",
                            "WIKI_URL": self.wiki.url,
                        },
                    )
                )
            )
            command = [sys.executable, "-m", "liftwing_demo.live.editor", "--db", str(copy)]
            command += ["--eventgate", self.eventgate.url, "--pause", "0.5"]
            for model in MODELS:
                command += ["--model", f"{self.server.url}/v1/models/{model}:predict"]
            self.editor = subprocess.Popen(command, env=environment())
            stack.callback(stop, self.editor)
            self._processes = stack.pop_all()
        self.url = f"{self.front.url}/"

    def close(self) -> None:
        self._processes.close()

    def restart_eventgate(self) -> None:
        """Another one in its place, which has none of its events."""
        port = self.eventgate.url.rpartition(":")[2]
        self.eventgate.close()
        self.eventgate = EventGate("--port", port)

    def followers(self) -> dict[str, int]:
        """How many follow each stream of the EventGate."""
        followers: dict[str, int] = call(f"{self.eventgate.url}/_control/followers").json[
            "followers"
        ]
        return followers

    def rows(
        self, path: str = "changes?models=damaging,goodfaith"
    ) -> Generator[dict[str, Any], None, None]:
        """Rows as a browser gets them."""
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            for line in answer:
                if line.startswith(b"data: {"):
                    yield json.loads(line[6:])

    def tell_of(self, event: dict[str, Any]) -> None:
        """Have the models score what an event tells of, as ChangeProp does."""
        for model in MODELS:
            assert self.server.predict(model, {"event": event}).status == 200
