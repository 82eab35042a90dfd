"""The outlink pair against KServe models that do nothing, in pairs.

    .venv/bin/python tools/bench/outlinks.py --model model.bin

Requests per second of 16 clients, which `wrk` plays over HTTP and `h2load` over gRPC (of Debian's
packages wrk and nghttp2-client). The predictor is asked what the empty one is, with the same body,
whose items are drawn from the model's; the empty one answers what the predictor did. The
transformer is given `features_str`, as is an empty transformer that passes it on over aiohttp; both
are before the same empty predictor.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile, TemporaryDirectory

import fasttext
import grpc
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as service
from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from rich.console import Console
from rich.table import Table
from server import free_port

NAME = "outlink-topic-model"
PATH = f"/v1/models/{NAME}:predict"
CLIENTS = 16
QUIET = {"KSERVE_LOGLEVEL": "WARNING", "FRAMEWORK_LOG_LEVEL": "WARNING"}
console = Console(width=120)


class Server:
    """One of the four: its two ports, once it is ready."""

    def __init__(self, children: Children, name: str, command: list[str], **env: str) -> None:
        self.http, self.grpc = free_port(), free_port()
        ports = ["--http_port", str(self.http), "--grpc_port", str(self.grpc)]
        self.pid = children.start(name, [sys.executable, *command, *ports], {**QUIET, **env})
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/v2/health/ready"):
                    return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError(name)

    @property
    def url(self) -> str:
        """Where V1 is asked."""
        return f"http://127.0.0.1:{self.http}{PATH}"


def by_wrk(server: Server, body: str, seconds: int) -> float:
    """Requests per second over HTTP. Raises ValueError if any was not answered with 200."""
    with TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = {json.dumps(body)}\n"
        )
        command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-s", str(script), server.url]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise ValueError(printed)
    found = re.search(r"Requests/sec:\s+([0-9.]+)", printed)
    return float(found[1]) if found else 0.0


def by_grpc(server: Server, body: str, seconds: int) -> float:
    """Requests per second over gRPC. Raises RpcError if the first is refused, ValueError if any
    was not answered."""
    message = protocol.ModelInferRequest(model_name=NAME)
    tensor = message.inputs.add(name="input", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(body.encode())
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        service.GRPCInferenceServiceStub(channel).ModelInfer(message)
    with NamedTemporaryFile() as data:
        text = message.SerializeToString()
        # As gRPC frames a message: not compressed, its length.
        data.write(struct.pack("!BI", 0, len(text)) + text)
        data.flush()
        command = ["h2load", "-t1", f"-c{CLIENTS}", "-m1", f"-D{seconds}", f"--data={data.name}"]
        command += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        url = f"http://127.0.0.1:{server.grpc}/inference.GRPCInferenceService/ModelInfer"
        printed = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if " 0 failed, 0 errored, 0 timeout" not in printed:
        raise ValueError(printed)
    found = re.search(r"([0-9.]+) req/s", printed)
    return float(found[1]) if found else 0.0


def main() -> None:
    """Start the servers, measure in turns, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a fastText model")
    parser.add_argument("--items", type=int, default=100, help="items of the request (default 100)")
    parser.add_argument("--pairs", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement (default 4)")
    options = parser.parse_args()
    words = random.Random(1).sample(fasttext.load_model(str(options.model)).words, options.items)
    page = {"lang": "en", "page_title": "Gannet"}
    body = json.dumps({"features_str": " ".join(words), **page, "threshold": 0.01})
    with Children() as children:
        predictor = Server(
            children,
            "predictor",
            [str(ROOT / "outlink/model-server/model.py")],
            MODEL_PATH=str(options.model.resolve()),
        )
        request = urllib.request.Request(predictor.url, data=body.encode())
        with urllib.request.urlopen(request) as response:
            answer = response.read().decode()
        here = str(Path(__file__).parent / "empty.py")
        empty = Server(children, "empty predictor", [here, "predictor"], ANSWER=answer)
        transformer = Server(
            children,
            "transformer",
            [
                str(ROOT / "outlink-transformer/model-server/transformer.py"),
                *("--predictor_host", f"127.0.0.1:{empty.http}", "--model_name", NAME),
            ],
        )
        passing = Server(children, "empty transformer", [here, "transformer", empty.url])
        rows: list[tuple[str, Server, Server, Callable[[Server, str, int], float]]] = [
            ("predictor, V1 over HTTP", predictor, empty, by_wrk),
            ("predictor, gRPC", predictor, empty, by_grpc),
            ("transformer, V1 over HTTP", transformer, passing, by_wrk),
        ]
        table = Table("what", "ours, requests/s", "empty", "median of ratios", "lowest", "highest")
        for name, ours, theirs, measure in rows:
            pairs = []
            for turn in range(options.pairs):
                sides = [ours, theirs] if turn % 2 else [theirs, ours]
                measured = {side.pid: measure(side, body, options.seconds) for side in sides}
                pairs.append((measured[ours.pid], measured[theirs.pid]))
                console.print(f"{name}: {pairs[-1][0]:.0f} against {pairs[-1][1]:.0f}")
            ratios = sorted(one / other for one, other in pairs)
            figures = [f"{median(side):.0f}" for side in zip(*pairs)]
            figures += [f"{ratio:.2f}" for ratio in (median(ratios), ratios[0], ratios[-1])]
            table.add_row(name, *figures)
        console.print(table)


if __name__ == "__main__":
    main()
