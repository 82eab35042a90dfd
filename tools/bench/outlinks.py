"""The outlink pair against KServe models that do nothing, in pairs.

    .venv/bin/python tools/bench/outlinks.py --model model.bin

Requests per second of 16 clients or --clients, which `wrk` plays over HTTP and `h2load` over gRPC
(of Debian's packages wrk and nghttp2-client). The predictor is asked what the empty one is, with
the same body, whose items are drawn from the model's; the empty one answers what the predictor did.
The transformer is given `features_str`, as is an empty transformer that passes it on over aiohttp;
both are before the same empty predictor. With --mixed requests over HTTP have from 1 to 900 items;
--before sends so many thousand different ones first, as of a day that has passed.
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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

import fasttext
import grpc
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc as service
from liftwing_demo.children import Children
from liftwing_demo.outlinks import NAME
from liftwing_demo.outlinks.serve import PREDICTOR, QUIET, TRANSFORMER
from rich.console import Console
from rich.table import Table
from server import free_port
from watching import mebibytes, tree
from wrk import requests_per_second

PATH = f"/v1/models/{NAME}:predict"
LARGEST = 900
console = Console(width=120)


@dataclass(frozen=True)
class Load:
    """What clients send in turns, how many clients, and for how long."""

    bodies: Sequence[str]
    clients: int
    seconds: int


Measure = Callable[["Server", Load], float]


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


def by_wrk(server: Server, load: Load) -> float:
    """Requests per second over HTTP. Raises ValueError if any was not answered with 200."""
    return requests_per_second(server.url, load.bodies, load.clients, load.seconds)


def by_grpc(server: Server, load: Load) -> float:
    """Requests per second of the first body over gRPC. Raises RpcError if the first request is
    refused, ValueError if any was not answered."""
    message = protocol.ModelInferRequest(model_name=NAME)
    tensor = message.inputs.add(name="input", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(load.bodies[0].encode())
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        service.GRPCInferenceServiceStub(channel).ModelInfer(message)
    with NamedTemporaryFile() as data:
        text = message.SerializeToString()
        # As gRPC frames a message: not compressed, its length.
        data.write(struct.pack("!BI", 0, len(text)) + text)
        data.flush()
        how = [f"-c{load.clients}", "-m1", f"-D{load.seconds}", f"--data={data.name}"]
        command = ["h2load", "-t1", *how, "-H", "content-type: application/grpc"]
        url = f"http://127.0.0.1:{server.grpc}/inference.GRPCInferenceService/ModelInfer"
        command += ["-H", "te: trailers", url]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if " 0 failed, 0 errored, 0 timeout" not in printed:
        raise ValueError(printed)
    found = re.search(r"([0-9.]+) req/s", printed)
    return float(found[1]) if found else 0.0


def bodies_of(words: Sequence[str], sizes: Iterable[int], seed: int) -> list[str]:
    """Requests of so many items each, drawn from the words."""
    draw = random.Random(seed)
    page = {"lang": "en", "page_title": "Gannet", "threshold": 0.01}
    return [
        json.dumps({"features_str": " ".join(draw.sample(words, size)), **page}) for size in sizes
    ]


def post(url: str, body: str) -> str:
    """The answer."""
    with urllib.request.urlopen(urllib.request.Request(url, data=body.encode())) as response:
        return str(response.read().decode())


def measure_row(
    table: Table, name: str, sides: Sequence[Server], measure: Measure, load: Load, pairs: int
) -> None:
    """One row: ours and the empty one in turns."""
    ours, theirs = sides
    figures: list[tuple[float, float]] = []
    for turn in range(pairs):
        order = [ours, theirs] if turn % 2 else [theirs, ours]
        measured = {side.pid: measure(side, load) for side in order}
        figures.append((measured[ours.pid], measured[theirs.pid]))
        console.print(f"{name}: {figures[-1][0]:.0f} against {figures[-1][1]:.0f}")
    ratios = sorted(one / other for one, other in figures)
    cells = [f"{median(side):.0f}" for side in zip(*figures)]
    cells += [f"{ratio:.2f}" for ratio in (median(ratios), ratios[0], ratios[-1])]
    table.add_row(name, *cells)


def parse_arguments() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True, help="a fastText model")
    parser.add_argument("--items", type=int, default=100, help="items of the request (default 100)")
    parser.add_argument("--mixed", action="store_true", help="1 to 900 items over HTTP")
    parser.add_argument("--clients", type=int, default=16, help="default 16")
    parser.add_argument("--before", type=int, default=0, help="thousands of other requests first")
    parser.add_argument("--pairs", type=int, default=5, help="of each row (default 5)")
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement (default 4)")
    return parser.parse_args()


def main() -> None:
    """Start the servers, measure in turns, report."""
    options = parse_arguments()
    words = fasttext.load_model(str(options.model)).words
    sizes = (
        random.Random(2).sample(range(1, LARGEST + 1), 200) if options.mixed else [options.items]
    )
    load = Load(bodies_of(words, sizes, 1), options.clients, options.seconds)
    with Children() as children:
        predictor = Server(
            children,
            "predictor",
            [str(PREDICTOR)],
            MODEL_PATH=str(options.model.resolve()),
        )
        for round_ in range(options.before):
            other = bodies_of(words, [options.items] * 1000, 3 + round_)
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(partial(post, predictor.url), other))
        answer = post(predictor.url, load.bodies[0])
        here = str(Path(__file__).parent / "empty.py")
        empty = Server(children, "empty predictor", [here, "predictor"], ANSWER=answer)
        transformer = Server(
            children,
            "transformer",
            [
                str(TRANSFORMER),
                *("--predictor_host", f"127.0.0.1:{empty.http}", "--model_name", NAME),
            ],
        )
        passing = Server(children, "empty transformer", [here, "transformer", empty.url])
        rows: list[tuple[str, Server, Server, Measure]] = [
            ("predictor, V1 over HTTP", predictor, empty, by_wrk),
            ("predictor, gRPC", predictor, empty, by_grpc),
            ("transformer, V1 over HTTP", transformer, passing, by_wrk),
        ]
        table = Table("what", "ours, requests/s", "empty", "median of ratios", "lowest", "highest")
        for name, ours, theirs, measure in rows:
            measure_row(table, name, (ours, theirs), measure, load, options.pairs)
        console.print(table)
        shares = [round(mebibytes(pid)) for pid in tree(predictor.pid)]
        size = options.model.stat().st_size >> 20
        each = " + ".join(map(str, shares))
        console.print(f"model {size} MiB; the predictor's processes {sum(shares)} MiB: {each}")


if __name__ == "__main__":
    main()
