"""What the server takes to start, in memory, and to say what it said before."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from empty import NAME
from liftwing_demo.children import Children
from server import MODEL, free_port, wait_until_ready
from sides import ServerSide
from stage import Figure, Stage
from watching import all_mebibytes
from wrk import requests_per_second

CLIENTS = 16
SECONDS = 4
IMPORTS = "import kserve"
LOADS = (
    "import editquality.feature_lists.enwiki\n"
    "from revscoring import Model\n"
    "with open({path!r}, 'rb') as file: Model.load(file)"
)


async def memory(stage: Stage) -> list[Figure]:
    """Four workers and one, after the same work for each worker."""
    loads = ["median", "mixed"]
    taken: dict[str, list[float]] = {name: [] for name in loads}
    for workers in (1, 4):
        async with stage.servers({"ASYNCIO_AUX_WORKERS": str(workers)}) as (server,):
            side = ServerSide("", server, stage.session)
            for name in loads:
                await side.under(stage.endless(name), CLIENTS, 10 * workers)
                taken[name].append(all_mebibytes(server.pid))
    one, four = taken["median"]
    one_heavy, four_heavy = taken["mixed"]
    return [
        Figure("memory (PSS) after 35-45 kB, 4 workers / 1", four / one, "<=", 1.4),
        Figure("... of 1 worker, MiB", one),
        # Heavy tasks under way have workers of their own, up to one for each core.
        Figure("... after all sizes, 4 workers / 1", four_heavy / one_heavy),
        Figure("... of 1 worker, MiB", one_heavy),
    ]


async def cached(stage: Stage) -> list[Figure]:
    """A score that is kept, against a KServe model that always says the same."""
    rev_id = next(stage.endless("small"))
    body = json.dumps({"rev_id": rev_id})
    async with stage.servers({"CACHE_BYTES": str(64 << 20)}) as (server,):
        answer = await server.post(stage.session, f"/v1/models/{MODEL}:predict", {"rev_id": rev_id})
        with Children() as children:
            empty = await empty_model(children, stage, answer.decode())
            ratios = []
            for number in range(5):
                urls = [server.predict_url, empty]
                rates = {
                    url: await asyncio.to_thread(requests_per_second, url, [body], CLIENTS, SECONDS)
                    for url in (urls if number % 2 else reversed(urls))
                }
                ratios.append(rates[server.predict_url] / rates[empty])
    return [Figure("cached scores / answers of an empty model", median(ratios), ">=", 0.7)]


async def empty_model(children: Children, stage: Stage, answer: str) -> str:
    """Where a model is asked that does nothing."""
    port = free_port()
    command = [sys.executable, str(Path(__file__).parent / "empty.py"), "predictor"]
    ports = ["--http_port", str(port), "--grpc_port", str(free_port())]
    children.start("empty model", [*command, *ports], {"ANSWER": answer})
    url = f"http://127.0.0.1:{port}"
    await wait_until_ready(stage.session, url)
    return f"{url}/v1/models/{NAME}:predict"


async def start(stage: Stage) -> list[Figure]:
    """Until ready, against the longer of the two things that no start can do without."""
    ratios, waits = [], []
    for _ in range(5):
        seconds = [_seconds(code) for code in (IMPORTS, LOADS.format(path=str(stage.model)))]
        begin = time.perf_counter()
        async with stage.servers({}, warm=False):
            waits.append(time.perf_counter() - begin)
        ratios.append(waits[-1] / max(seconds))
    return [
        Figure("start / the slower of import and load", median(ratios), "<=", 1.2),
        Figure("... seconds", median(waits)),
    ]


def _seconds(code: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True)
    return time.perf_counter() - begin
