"""The outlink pair as processes of the demo: the predictor, and the transformer before it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.listening import Listening
from liftwing_demo.outlinks.record import NAME, model_file

PREDICTOR = ROOT / "outlink/model-server/model.py"
TRANSFORMER = ROOT / "outlink-transformer/model-server/transformer.py"
QUIET = {
    "KSERVE_LOGLEVEL": "WARNING",
    "FRAMEWORK_LOG_LEVEL": "WARNING",
    # Nobody balances load over a demo.
    "DRAIN_DELAY_SECONDS": "0",
}
EXAMPLE = {"lang": "en", "page_title": "Apollo 11"}


def start_pair(children: Children, listening: Listening, models: Path) -> None:
    """Start both; the transformer asks the demo wiki."""
    ports = listening.outlink_ports
    predictor = [sys.executable, str(PREDICTOR), *_listen(listening, ports[2:])]
    children.start("outlink predictor", predictor, QUIET | {"MODEL_PATH": str(model_file(models))})
    flags = ["--predictor_host", listening.predictor, "--model_name", NAME]
    transformer = [sys.executable, str(TRANSFORMER), *flags, *_listen(listening, ports[:2])]
    children.start("outlink transformer", transformer, QUIET | {"WIKI_URL": listening.wiki_url})


def question(listening: Listening) -> tuple[str, str]:
    """A URL of the transformer's, and a body that it answers."""
    return f"{listening.outlinks_url}/v1/models/{NAME}:predict", json.dumps(EXAMPLE)


def _listen(listening: Listening, ports: Sequence[int]) -> list[str]:
    http, grpc = map(str, ports)
    return ["--host", str(listening.host), "--http_port", http, "--grpc_port", grpc]
