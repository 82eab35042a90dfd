"""Starting with wrong settings, stopping without losing a request."""

from __future__ import annotations

import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import grpc
import pytest
from support import openinference
from support.environment import environment
from support.outlink import PREDICTOR
from support.ports import free_port
from support.processes import (
    MODEL_SERVER,
    ROOT,
    ModelServer,
    Wiki,
    call,
    children,
    exists,
    free_demo_ports,
    wait_until,
)
from support.services import MODELS, Start, environment_for

MODEL = "enwiki-damaging"
COMMAND = str(Path(sys.executable).parent / "liftwing-serving")


def failed_start(settings: dict[str, str], *flags: str) -> subprocess.CompletedProcess[str]:
    ports = ["--http_port", str(free_port()), "--grpc_port", str(free_port())]
    run = subprocess.run(
        [sys.executable, str(MODEL_SERVER), *ports, *flags],
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode != 0
    assert not re.search("^Traceback", run.stderr + run.stdout, re.M)
    return run


@pytest.fixture
def settings(model_files: dict[str, Path], wiki: Wiki) -> dict[str, str]:
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
        ({"MAX_BODY_BYTES": "3000000000"}, "MAX_BODY_BYTES: "),
        ({"CORS_ALLOWED_ORIGINS": "wikipedia.org"}, "CORS_ALLOWED_ORIGINS: "),
        ({"MODEL_PATH": "/nowhere/model.bin"}, "no model file /nowhere/model.bin"),
        ({"MODEL_PATH": f"/{'x' * 300}/model.bin"}, "File name too long"),
        (
            {"INFERENCE_NAME": ",".join(MODELS[:2]), "MODEL_VERSION": "1"},
            "MODEL_VERSION: is for one model",
        ),
    ],
)
def test_wrong_settings_stop_the_start_and_are_named(
    settings: dict[str, str], change: dict[str, str], says: str
) -> None:
    assert says in failed_start(settings | change).stderr


def test_a_file_that_is_no_model_stops_the_start(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"not a pickle")
    run = failed_start(settings | {"MODEL_PATH": str(tmp_path / "model.bin")})
    assert "the model cannot be loaded" in run.stderr
    debugged = settings | {"ASYNCIO_USE_PROCESS_POOL": "no"}
    run = failed_start(debugged | {"MODEL_PATH": str(tmp_path / "model.bin")})
    assert "the model cannot be loaded" in run.stderr


def test_a_certificate_that_cannot_be_read_stops_the_start(settings: dict[str, str]) -> None:
    run = failed_start(settings, "--ssl_certfile", "/nowhere", "--ssl_keyfile", "/nowhere")
    assert "/nowhere" in run.stderr


def test_a_taken_port_is_named(settings: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        http = failed_start(settings, "--http_port", port)
        assert f"Port {port} cannot be used (Address already in use); --http_port" in http.stderr
        grpc = failed_start(settings, "--grpc_port", port)
        assert f"Port {port} cannot be used (Address already in use); --grpc_port" in grpc.stderr


def test_an_address_that_the_machine_does_not_have_is_named(settings: dict[str, str]) -> None:
    # TEST-NET-1, which no machine has.
    run = failed_start(settings, "--host", "192.0.2.1")
    assert "This machine has no address 192.0.2.1; --host chooses another." in run.stderr
    assert "--host" in failed_start(settings, "--host", "nonsense").stderr


def test_a_server_listens_on_all_addresses_unless_told(all_models_server: ModelServer) -> None:
    for port in (all_models_server.port, all_models_server.grpc_port):
        (address,) = addresses_of(port)
        assert address.is_unspecified


def test_the_command_serves_on_the_loopback_unless_told(settings: dict[str, str]) -> None:
    ports = [free_port(), free_port()]
    flags = ["--port", str(ports[0]), "--grpc-port", str(ports[1])]
    model = ["--wiki-url", settings["WIKI_URL"], "--model-path", settings["MODEL_PATH"]]
    process = subprocess.Popen([COMMAND, "serve", MODEL, *model, *flags], env=environment())
    try:
        wait_until(lambda: all(map(addresses_of, ports)), 60, "both ports are there")
        assert [addresses_of(port) for port in ports] == [{IPv4Address("127.0.0.1")}] * 2
    finally:
        process.kill()
        process.wait()


def test_several_http_workers_are_refused(settings: dict[str, str]) -> None:
    assert "ASYNCIO_AUX_WORKERS" in failed_start(settings, "--workers", "2").stderr


def test_an_unknown_flag_is_refused(settings: dict[str, str]) -> None:
    assert "--nonsense" in failed_start(settings, "--nonsense", "1").stderr


@pytest.fixture(scope="module")
def configured_server(
    tmp_path_factory: pytest.TempPathFactory, running_wiki: Wiki, model_files: dict[str, Path]
) -> Iterator[ModelServer]:
    """A server with flags and settings that the others leave alone."""
    given = {"MODEL_VERSION": "9.9", "WIKI_HOST": "en.wikipedia.org"}
    log = tmp_path_factory.mktemp("configured") / "server.log"
    settings = environment_for(MODEL, model_files, running_wiki, given)
    flags = ("--enable_docs_url", "True", "--model_name", "other-name")
    server = ModelServer(log, settings, flags)
    yield server
    server.close()


def test_kserves_flags_keep_working(
    configured_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    assert call(f"{configured_server.url}/docs").status == 200
    request = {"rev_id": nasty["ordinary"][0]}
    by_other_name = configured_server.predict("other-name", request)
    assert by_other_name.status == 200
    assert by_other_name.json == configured_server.predict(MODEL, request).json


def test_model_version_replaces_the_models_own(
    configured_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    answer = configured_server.predict(MODEL, {"rev_id": nasty["ordinary"][0]})
    assert answer.json["enwiki"]["models"]["damaging"]["version"] == "9.9"


def test_wiki_host_is_the_host_header(
    configured_server: ModelServer, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    configured_server.predict(MODEL, {"rev_id": nasty["ordinary"][1]})
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
    start: Start,
    all_models_server: ModelServer,
    nasty: dict[str, list[int]],
    steps: dict[str, str],
) -> None:
    request = {"rev_id": nasty["ordinary"][0], "extended_output": True}
    in_workers = all_models_server.predict(MODEL, request)
    assert in_workers.status == 200
    assert start(**steps).predict(MODEL, request).json == in_workers.json


def ready(server: ModelServer, path: str = "/v2/health/ready") -> bool:
    status = call(server.url + path).status
    assert status in (200, 503)
    return status == 200


def wait_until_asked(wiki: Wiki, rev_ids: Iterable[int]) -> None:
    """Until requests for these revisions are on their way through the server."""
    wait_until(
        lambda: {*rev_ids} <= {rev_id for asked in wiki.calls()["revids"] for rev_id in asked},
        20,
        "the wiki is asked",
    )


def test_a_terminated_server_is_not_ready_but_answers(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start(DRAIN_DELAY_SECONDS=600)
    heavy = nasty["large_parent"][:2]
    with ThreadPoolExecutor(2) as threads:
        in_flight = [threads.submit(server.predict, MODEL, {"rev_id": id_}) for id_ in heavy]
        wait_until_asked(wiki, heavy)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not ready(server), 20, "not ready")
        assert call(f"{server.url}/v2/health/live").status == 200
        late = {"rev_id": nasty["ordinary"][0]}
        assert server.predict(MODEL, late).status == 200
        assert openinference.predict(server, MODEL, late)
        assert [answer.result().status for answer in in_flight] == [200, 200]
    for probe in (f"/v2/models/{MODEL}/ready", f"/v1/models/{MODEL}", "/v2/health/ready"):
        assert not ready(server, probe)


@pytest.mark.parametrize(
    "signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]], ids=["SIGINT", "two SIGTERM"]
)
def test_whoever_is_in_a_hurry_ends_the_drain_delay_and_drops_nothing(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]], signals: list[signal.Signals]
) -> None:
    server = start(DRAIN_DELAY_SECONDS=600)
    rev_id = nasty["ordinary"][0]
    wiki.turn(latency=0.5)
    with ThreadPoolExecutor(1) as threads:
        in_flight = threads.submit(server.predict, MODEL, {"rev_id": rev_id})
        wait_until_asked(wiki, [rev_id])
        *first, last = signals
        for number in first:
            server.process.send_signal(number)
            wait_until(lambda: not ready(server), 20, "not ready")
        server.process.send_signal(last)
        assert in_flight.result().status == 200
    assert server.process.wait(30) == 0


@pytest.mark.alone
def test_what_is_in_flight_after_the_drain_delay_has_the_grace_period_and_no_longer(
    start: Start, wiki: Wiki, nasty: dict[str, list[int]]
) -> None:
    server = start(
        DRAIN_DELAY_SECONDS=0.5,
        SHUTDOWN_GRACE_SECONDS=5,
        AIOHTTP_CLIENT_TIMEOUT=30,
        REQUEST_DEADLINE_SECONDS=60,
    )
    in_time, too_late = nasty["ordinary"][:2], nasty["ordinary"][2:4]

    def by_http(rev_id: int) -> object:
        answer = server.predict(MODEL, {"rev_id": rev_id})
        return answer.status, answer.headers.get("retry-after")

    def by_grpc(rev_id: int) -> object:
        try:
            openinference.predict(server, MODEL, {"rev_id": rev_id})
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    with ThreadPoolExecutor(4) as threads:
        wiki.turn(latency=25)
        hopeless = [threads.submit(ask, id_) for ask, id_ in zip((by_http, by_grpc), too_late)]
        wait_until_asked(wiki, too_late)
        # Two calls of this latency, one after the other, are within the grace period.
        wiki.turn(latency=1.2)
        hopeful = [threads.submit(ask, id_) for ask, id_ in zip((by_http, by_grpc), in_time)]
        wait_until_asked(wiki, in_time)
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        stopped = time.monotonic() - started
        answers = [answer.result() for answer in hopeful]
        assert answers == [(200, None), grpc.StatusCode.OK]
        answers = [answer.result() for answer in hopeless]
        assert answers == [(503, "1"), grpc.StatusCode.UNAVAILABLE]
    # Without an end the hopeless ones would take the 25 seconds; the last second is for closing.
    assert 4 <= stopped < 22


class Endless:
    """Takes for ever to unpickle."""

    def __reduce__(self) -> tuple[object, ...]:
        return time.sleep, (600,)


def has_begun_to_load(server: ModelServer) -> bool:
    return bool(children(server.process.pid))


def answers_http(server: ModelServer) -> bool:
    try:
        return call(f"{server.url}/v2/health/live").status == 200
    except (URLError, ConnectionError):
        return False


@pytest.mark.parametrize("moment", [has_begun_to_load, answers_http])
def test_a_server_told_to_stop_while_loading_stops_at_once_and_leaves_no_process(
    settings: dict[str, str], tmp_path: Path, moment: Callable[[ModelServer], bool]
) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(pickle.dumps(Endless()))
    settings |= {"MODEL_PATH": str(model), "DRAIN_DELAY_SECONDS": "600"}
    server = ModelServer(tmp_path / "log", settings, wait=False)
    left: list[int] = []
    try:
        wait_until(lambda: moment(server), 30, moment.__name__)
        left = all_descendants(server.process.pid)
        assert left
        server.process.terminate()
        assert server.process.wait(30) == 0
        wait_until(lambda: not any(map(exists, left)), 10, "no process is left")
    finally:
        server.process.kill()
        server.process.wait()
        for pid in filter(exists, left):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.alone
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


@pytest.mark.alone
def test_fault_6_liveness_does_not_wait_behind_heavy_revisions(
    start: Start, nasty: dict[str, list[int]]
) -> None:
    # Accelerated, there is little to wait behind.
    server = start(ACCELERATED_EXTRACTION=False)
    rev_ids = nasty["large_parent"][:4]

    def probe() -> float:
        started = time.monotonic()
        assert call(f"{server.url}/v2/health/live").status == 200
        return time.monotonic() - started

    def extraction() -> float:
        name = f'liftwing_stage_seconds_sum{{model="{MODEL}",stage="extract"}}'
        return server.metrics().get(name, 0.0)

    before = extraction()
    with ThreadPoolExecutor(24) as threads:
        heavy = [threads.submit(server.predict, MODEL, {"rev_id": rev_id}) for rev_id in rev_ids]
        probes = []
        while not all(answer.done() for answer in heavy):
            probes.append(threads.submit(probe))
            time.sleep(0.05)
    assert [answer.result().status for answer in heavy] == [200] * len(rev_ids)
    waits = sorted(answer.result() for answer in probes)
    assert len(waits) > 10
    # On the event loop a probe would wait for the whole of an extraction, if not for several.
    assert waits[-1] < (extraction() - before) / len(rev_ids) / 2, waits[-5:]


@pytest.mark.timeout(1000)
def test_the_demo_starts_shows_a_score_and_leaves_nothing(tmp_path: Path) -> None:
    """`make run` as a user sees it, on the models a checkout keeps."""
    http, grpc, wiki, outlinks = map(str, free_demo_ports())
    command = ["demo", "run", "--port", http, "--grpc-port", grpc, "--wiki-port", wiki]
    command += ["--outlinks-port", outlinks]
    log = tmp_path / "demo.log"
    with log.open("wb") as stream:
        demo = subprocess.Popen(
            [COMMAND, *command],
            cwd=ROOT,
            env=environment(),
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
        )
    try:
        wait_until(lambda: "Ctrl-C" in log.read_text() or demo.poll() is not None, 900, "a score")
        text = log.read_text()
        assert '"scores":{"1000001"' in text, text
        lines = [line for line in text.splitlines() if line.strip().startswith("curl ")]
        assert len(lines) == 2
        for line in lines:
            pasted = subprocess.run(
                line, shell=True, env=environment(), capture_output=True, text=True, check=True
            )
            assert '"prediction"' in pasted.stdout
        for name, server in (("editquality", MODEL_SERVER), ("outlink", PREDICTOR)):
            card = subprocess.run(
                [COMMAND, "demo", "card", name],
                cwd=ROOT,
                env=environment(),
                capture_output=True,
                text=True,
                check=True,
            )
            assert "## Demo models" in card.stdout
            assert card.stdout in (server.parent / "README.md").read_text(), name
        taken = subprocess.run(
            [COMMAND, *command],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert taken.returncode == 1
        assert f"Port {http} cannot be used" in taken.stderr
        assert "--port sets another" in taken.stderr
        page = f"http://127.0.0.1:{int(http) + 6}/"
        assert f"See edits being scored: {page}" in text
        with urlopen(f"{page}changes?models=damaging", timeout=60) as changes:
            row = next(line for line in changes if line.startswith(b"data: "))
        assert b"change-enwiki-" in row
        pair = [str(int(outlinks) + place) for place in range(4)]
        ports = [http, grpc, wiki, *pair, str(int(http) + 6), str(int(http) + 7)]
        assert {port: addresses_of(int(port)) for port in ports} == dict.fromkeys(
            ports, {IPv4Address("127.0.0.1")}
        )
        descendants = all_descendants(demo.pid)
        assert len(descendants) >= 8
        demo.kill()
        wait_until(lambda: not any(map(exists, descendants)), 15, "no process is left")
    finally:
        demo.kill()
        demo.wait()


def addresses_of(port: int) -> set[IPv4Address | IPv6Address]:
    """The addresses on which something of this machine listens on the port."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            address, number = line.split()[1].split(":")
            if int(number, 16) == port and line.split()[3] == "0A":
                words = [bytes.fromhex(address[at : at + 8]) for at in range(0, len(address), 8)]
                listening = ip_address(b"".join(word[::-1] for word in words))
                found.add(getattr(listening, "ipv4_mapped", None) or listening)
    return found


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
    command = [sys.executable, "-c", code, str(odd)]
    subprocess.run(command, cwd=ROOT / "test", env=environment(), check=True)
    server = start(MODEL_PATH=odd)
    assert any("of long ago" in line["message"] for line in server.log_lines())
