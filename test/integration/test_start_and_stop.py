"""Starting with wrong settings, stopping without losing a request."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.processes import (
    MODEL_SERVER,
    ROOT,
    Wiki,
    call,
    children,
    exists,
    free_port,
    wait_until,
)
from support.services import MODELS, Start

MODEL = "enwiki-damaging"
COMMAND = str(Path(sys.executable).parent / "liftwing-serving")


def failed_start(environment: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    ports = ["--http_port", str(free_port()), "--grpc_port", str(free_port())]
    run = subprocess.run(
        [sys.executable, str(MODEL_SERVER), *ports, *flags],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    assert not re.search("^Traceback", run.stderr + run.stdout, re.M)
    return run


@pytest.fixture
def environment(model_files: dict[str, Path], wiki: Wiki) -> dict[str, str]:
    return {
        "INFERENCE_NAME": MODEL,
        "MODEL_PATH": str(model_files[MODEL]),
        "WIKI_URL": wiki.url,
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"INFERENCE_NAME": "enwiki"}, "INFERENCE_NAME: 'enwiki' is not of the form WIKI-MODEL"),
        ({"INFERENCE_NAME": "enwiki-articlequality"}, "is not a model of editquality"),
        ({"AIOHTTP_CLIENT_TIMEOUT": "soon"}, "AIOHTTP_CLIENT_TIMEOUT: "),
        ({"WIKI_URL": "nowhere"}, "WIKI_URL: "),
        ({"SHUTDOWN_GRACE_SECONDS": "inf"}, "SHUTDOWN_GRACE_SECONDS: "),
        ({"MODEL_PATH": "/nowhere/model.bin"}, "no model file /nowhere/model.bin"),
        (
            {"INFERENCE_NAME": ",".join(MODELS[:2]), "MODEL_VERSION": "1"},
            "MODEL_VERSION: is for one model",
        ),
    ],
)
def test_wrong_settings_stop_the_start_and_are_named(
    environment: dict[str, str], change: dict[str, str], says: str
) -> None:
    assert says in failed_start(environment | change).stderr


def test_a_file_that_is_no_model_stops_the_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a pickle")
    run = failed_start(environment | {"MODEL_PATH": str(tmp_path / "model.bin")})
    assert "the model cannot be loaded" in run.stderr
    debugged = environment | {"ASYNCIO_USE_PROCESS_POOL": "no"}
    run = failed_start(debugged | {"MODEL_PATH": str(tmp_path / "model.bin")})
    assert "the model cannot be loaded" in run.stderr


def test_a_certificate_that_cannot_be_read_stops_the_start(environment: dict[str, str]) -> None:
    run = failed_start(environment, "--ssl_certfile", "/nowhere", "--ssl_keyfile", "/nowhere")
    assert "/nowhere" in run.stderr


def test_a_taken_port_is_named(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        http = failed_start(environment, "--http_port", port)
        assert f"Port {port} cannot be used (Address already in use); --http_port" in http.stderr
        grpc = failed_start(environment, "--grpc_port", port)
        assert f"Port {port} cannot be used (Address already in use); --grpc_port" in grpc.stderr


def test_several_http_workers_are_refused(environment: dict[str, str]) -> None:
    assert "ASYNCIO_AUX_WORKERS" in failed_start(environment, "--workers", "2").stderr


def test_an_unknown_flag_is_refused(environment: dict[str, str]) -> None:
    assert "--nonsense" in failed_start(environment, "--nonsense", "1").stderr


def test_kserves_flags_keep_working(start: Start, nasty: dict[str, list[int]]) -> None:
    server = start(flags=("--enable_docs_url", "True", "--model_name", "other-name"))
    assert call(f"{server.url}/docs").status == 200
    request = {"rev_id": nasty["ordinary"][0]}
    assert server.predict("other-name", request).json == server.predict(MODEL, request).json


def test_model_version_replaces_the_models_own(start: Start, nasty: dict[str, list[int]]) -> None:
    server = start(MODEL_VERSION="9.9")
    answer = server.predict(MODEL, {"rev_id": nasty["ordinary"][0]})
    assert answer.json["enwiki"]["models"]["damaging"]["version"] == "9.9"


def test_wiki_host_is_the_host_header(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start(WIKI_HOST="en.wikipedia.org")
    wiki.reset()
    server.predict(MODEL, {"rev_id": nasty["ordinary"][0]})
    assert set(wiki.calls()["hosts"]) - {"en.wikipedia.org"} <= {wiki.url.removeprefix("http://")}
    assert wiki.calls()["hosts"]["en.wikipedia.org"] >= 2


@pytest.mark.parametrize(
    "steps",
    [
        {"ASYNCIO_USE_PROCESS_POOL": "False"},
        {"PREPROCESS_MP": "False"},
        {"INFERENCE_MP": "no"},
    ],
)
def test_the_steps_run_where_the_settings_want_them_with_the_same_score(
    start: Start, nasty: dict[str, list[int]], steps: dict[str, str]
) -> None:
    request = {"rev_id": nasty["ordinary"][0], "extended_output": True}
    in_workers = start().predict(MODEL, request)
    assert in_workers.status == 200
    assert start(**steps).predict(MODEL, request).json == in_workers.json


def test_a_terminated_server_is_not_ready_but_answers_and_drops_nothing(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start(DRAIN_DELAY_SECONDS="1.5")
    heavy = {"rev_id": nasty["large_parent"][0]}
    with ThreadPoolExecutor(2) as threads:
        in_flight = [threads.submit(server.predict, MODEL, heavy) for _ in range(2)]
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: call(f"{server.url}/v2/health/ready").status == 503, 1, "not ready")
        assert call(f"{server.url}/v2/health/live").status == 200
        late = server.predict(MODEL, {"rev_id": nasty["ordinary"][0]})
        assert late.status == 200
        time.sleep(1.0)
        last = threads.submit(server.predict, MODEL, {"rev_id": nasty["large_parent"][1]})
        assert [answer.result().status for answer in in_flight] == [200, 200]
        assert last.result().status == 200
    assert server.process.wait(10) == 0


def test_a_server_told_to_stop_while_loading_stops(
    start: Start, environment: dict[str, str]
) -> None:
    ports = ["--http_port", str(free_port()), "--grpc_port", str(free_port())]
    process = subprocess.Popen(
        [sys.executable, str(MODEL_SERVER), *ports],
        env=os.environ | environment | {"DRAIN_DELAY_SECONDS": "0"},
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1.2)
    process.terminate()
    assert process.wait(10) in (0, -signal.SIGTERM)


def test_shared_memory_keeps_a_second_worker_cheap(
    start: Start, nasty: dict[str, list[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Proportional set size of all processes with 1, 2 and 4 workers, after some work."""
    sizes = {}
    for workers in (1, 2, 4):
        server = start(ASYNCIO_AUX_WORKERS=workers)
        with ThreadPoolExecutor(4) as threads:
            list(
                threads.map(
                    lambda rev_id: server.predict(MODEL, {"rev_id": rev_id}),
                    nasty["ordinary"][:12],
                )
            )
        pids = [server.process.pid, server.template_pid(), *server.worker_pids()]
        assert len(pids) == workers + 2
        sizes[workers] = sum(map(proportional_set_size, pids)) / 2**20
        server.close()
    with capsys.disabled():
        shown = ", ".join(f"{workers}: {size:.0f} MiB" for workers, size in sizes.items())
        print(f"\nproportional set size by workers: {shown}")
    # A worker of its own would cost what the first one does, about 200 MiB.
    assert sizes[2] - sizes[1] < 0.4 * sizes[1]
    assert sizes[4] - sizes[2] < 0.8 * sizes[1]


def proportional_set_size(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no Pss in smaps_rollup")


def test_fault_6_liveness_does_not_wait_behind_heavy_revisions(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    server = start()
    waits: list[float] = []
    done = threading.Event()

    def probe_on_schedule() -> None:
        with ThreadPoolExecutor(20) as probes:
            while not done.wait(0.05):
                probes.submit(probe)

    def probe() -> None:
        started = time.monotonic()
        assert call(f"{server.url}/v2/health/live").status == 200
        waits.append(time.monotonic() - started)

    schedule = threading.Thread(target=probe_on_schedule)
    schedule.start()
    with ThreadPoolExecutor(4) as threads:
        heavy = list(
            threads.map(
                lambda rev_id: server.predict(MODEL, {"rev_id": rev_id}), nasty["large_parent"][:4]
            )
        )
    done.set()
    schedule.join()
    assert {answer.status for answer in heavy} <= {200, 400}
    assert len(waits) > 10
    # On the event loop one of these revisions alone would take a second.
    assert max(waits) < 0.4, sorted(waits)[-5:]


@pytest.mark.timeout(400)
def test_the_demo_starts_shows_a_score_and_leaves_nothing(tmp_path: Path) -> None:
    """`make run` as a user sees it, on the models a checkout keeps."""
    ports = [str(free_port()) for _ in range(3)]
    command = ["demo", "run", "--port", ports[0], "--wiki-port", ports[1], "--grpc-port", ports[2]]
    log = tmp_path / "demo.log"
    with log.open("wb") as stream:
        demo = subprocess.Popen(
            [COMMAND, *command],
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
        )
    try:
        wait_until(lambda: "Ctrl-C" in log.read_text() or demo.poll() is not None, 300, "a score")
        text = log.read_text()
        assert '"scores":{"1000001"' in text, text
        (line,) = [line for line in text.splitlines() if line.strip().startswith("curl ")]
        pasted = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
        assert '"prediction"' in pasted.stdout
        card = subprocess.run([COMMAND, "demo", "card"], cwd=ROOT, capture_output=True, text=True)
        assert card.stdout in (MODEL_SERVER.parent / "README.md").read_text()
        taken = subprocess.run(
            [COMMAND, *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert taken.returncode == 1
        assert f"Port {ports[0]} cannot be used" in taken.stderr
        descendants = all_descendants(demo.pid)
        assert len(descendants) >= 4
        demo.kill()
        wait_until(lambda: not any(map(exists, descendants)), 15, "no process is left")
    finally:
        demo.kill()
        demo.wait()


def all_descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [grandchild for child in found for grandchild in all_descendants(child)]


def test_what_a_model_reports_while_it_loads_is_json_too(start: Start, tmp_path: Path) -> None:
    odd = tmp_path / "model.bin"
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from pathlib import Path\n"
        "from revscoring import Model\n"
        "from revscoring.features import wikitext\n"
        "from support.models import write_model\n"
        "path = Path(sys.argv[1]); write_model(path, [wikitext.revision.chars])\n"
        "model = Model.load(path.open('rb'))\n"
        "model.info['environment']['platform'] = 'of long ago'\n"
        "model.info['environment']['revscoring_version'] = '0.0.1'\n"
        "model.dump(path.open('wb'))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(odd)], cwd=ROOT / "test", check=True)
    server = start(MODEL_PATH=odd)
    assert any("of long ago" in line["message"] for line in server.log_lines())
