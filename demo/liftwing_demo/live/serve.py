"""Starts the front with its page, and what makes edits appear there."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.listening import Listening
from liftwing_demo.live.events import STREAM

FRONT = ROOT / "ores/model-server/front.py"
SCORES = "mediawiki.revision-score"


def where_events_go(listening: Listening) -> Mapping[str, str]:
    """A model server's settings that have scores of events go to the demo's EventGate."""
    url = f"{listening.eventgate_url}/v1/events"
    return {"EVENTGATE_URL": url, "EVENTGATE_STREAM": SCORES}


def start(
    children: Children, listening: Listening, services: Sequence[str], file: Path, former: bool
) -> None:
    """Start EventGate, front and editor; `former` edits are told of and not made."""
    front, eventgate = listening.front_ports
    here = ["--host", str(listening.host)]
    module = [sys.executable, "-m"]
    command = ["liftwing_demo.eventgate.server", "--quiet", *here, "--port", str(eventgate)]
    children.start("EventGate", [*module, *command], {})
    entries = [f"{service} {listening.http_url}" for service in services]
    if listening.outlinks is not None:
        entries.append(f"outlink-topic-model {listening.outlinks_url}")
    environment = {
        "MODEL_SERVERS": ", ".join(entries),
        "SCORE_STREAM_URL": f"{listening.eventgate_url}/v2/stream/{STREAM},{SCORES}",
        "WIKI_URL": listening.wiki_url,
        "KSERVE_LOGLEVEL": "WARNING",
        "FRAMEWORK_LOG_LEVEL": "WARNING",
        "DRAIN_DELAY_SECONDS": "0",
    }
    command = [sys.executable, str(FRONT), *here, "--http_port", str(front)]
    children.start("front", command, environment)
    options = ["--db", str(file), "--eventgate", listening.eventgate_url]
    for service in services:
        options += ["--model", f"{listening.http_url}/v1/models/{service}:predict"]
    if former:
        options.append("--former")
    children.start("editor", [*module, "liftwing_demo.live.editor", *options], {})
