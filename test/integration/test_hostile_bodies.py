"""No body up to the cap, of whatever shape, stops the server or makes it grow."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from kserve.protocol.grpc import grpc_predict_v2_pb2 as protocol
from support.openinference import raw_tensor
from support.processes import ROOT, ModelServer, call, resident_bytes

CAP = 1 << 20
LIVENESS_SECONDS = 0.1
GROWTH_BYTES = 100_000_000
# Of a busy machine's pauses; what a body costs is there each time.
TRIES = 6


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    log = tmp_path_factory.mktemp("toy") / "server.log"
    # With payloads logged, as that reads them as well.
    settings = {"LOG_JSON_PAYLOAD": "yes"}
    server = ModelServer(log, settings, program=ROOT / "test/support/toy.py")
    yield server
    assert server.close() == 0, log.read_text()


def filled(unit: bytes, before: bytes = b'{"number":1,"inputs":[', after: bytes = b"]}") -> bytes:
    """As many of a thing as a body may have."""
    number = (CAP - len(before) - len(after)) // len(unit)
    return before + (unit * number)[:-1] + after


def in_tensor(text: bytes) -> bytes:
    tensor = {"name": "input", "shape": [1], "datatype": "BYTES", "data": [text.decode()]}
    return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()


DATA = b'{"inputs":[{"name":"i","shape":[1],"datatype":"BYTES","data":['
SHAPES = {
    "objects": filled(b"{},"),
    "lists": filled(b"[],"),
    "lists in lists": filled(b"[[]],"),
    "deep lists": filled(b"[" * 500 + b"]" * 500 + b","),
    "deep objects": filled(b'{"":' * 200 + b"0" + b"}" * 200 + b","),
    "unclosed lists": b"[" * CAP,
    "unclosed objects": (b'{"":' * CAP)[:CAP],
    "zeros": filled(b"0,"),
    "fractions": filled(b"0.1,"),
    "texts": filled(b'"ab",'),
    "keys": b"{" + b",".join(b'"%x":0' % key for key in range(111_000)) + b"}",
    "keys within bounds": b"{" + b",".join(b'"%x":0' % key for key in range(49_000)) + b"}",
    "lists within bounds": b'{"a":[' + b"[[[[[]]]]]," * 8_000 + b"0]}",
    "elements": filled(b'"a",', DATA, b"]}]}"),
    "elements that are lists": filled(b"[],", DATA, b"]}]}"),
    "a text of lists": in_tensor(b'{"a":[' + b"[]," * 330_000 + b"0]}"),
    "escapes": filled(b"\\u0100", DATA + b'"', b'x"]}]}'),
    "sizes": filled(b"1,", b'{"inputs":[{"datatype":"BYTES","data":["{}"],"shape":[', b"]}]}"),
    "blanks": b" " * CAP,
}


def field(number: int, value: bytes) -> bytes:
    """A field of bytes in a protobuf message."""
    length, left = b"", len(value)
    while left >= 128:
        length += bytes([left & 127 | 128])
        left >>= 7
    return bytes([number << 3 | 2]) + length + bytes([left]) + value


HALF = CAP // 2 - 20
MESSAGES = {
    "inputs": field(1, b"toy") + field(5, b"") * HALF,
    "inputs with contents": field(1, b"toy") + field(5, field(5, b"")) * (HALF // 2),
    "inputs with parameters": field(1, b"toy") + field(5, field(4, b"")) * (HALF // 2),
    "inputs behind a group": field(1, b"toy") + b"\x7b\x7c" + field(5, field(4, b"")) * (HALF // 2),
    "outputs": field(1, b"toy") + field(6, field(2, b"")) * (HALF // 2),
    "raw contents": field(1, b"toy") + field(7, b"") * HALF,
    "parameters": field(1, b"toy") + b"".join(field(4, field(1, b"%x" % i)) for i in range(90_000)),
    "elements": field(1, b"toy") + field(5, field(5, field(8, b"") * HALF)),
    "contents": field(1, b"toy") + field(5, field(5, b"") * HALF),
    "sizes": field(1, b"toy") + field(5, field(3, b"\1" * (CAP - 40))),
    "its parameters": field(1, b"toy")
    + field(5, b"".join(field(4, field(1, b"%x" % i) + field(2, b"")) for i in range(75_000))),
    "unknown fields": field(1, b"toy") + b"\xf8\x07\x01" * (CAP // 3 - 10),
}


def by_v1(server: ModelServer, body: bytes) -> bool:
    return server.predict("toy", body).status in (200, 400)


def by_v2(server: ModelServer, body: bytes) -> bool:
    url = f"{server.url}/v2/models/toy/infer"
    return call(url, body, {"Content-Type": "application/json"}).status == 400


def by_v2_of_another_model(server: ModelServer, body: bytes) -> bool:
    url = f"{server.url}/v2/models/other/infer"
    return call(url, body, {"Content-Type": "application/json"}).status == 404


def by_v2_with_binary_tensors(server: ModelServer, body: bytes) -> bool:
    headers = {"Inference-Header-Content-Length": str(len(body))}
    return call(f"{server.url}/v2/models/toy/infer", body, headers).status == 400


def by_grpc(server: ModelServer, body: bytes) -> bool:
    """A message as it is, or else a text in a tensor."""
    message = body
    if body not in MESSAGES.values():
        request = protocol.ModelInferRequest(model_name="toy")
        tensor = request.inputs.add(name="input", shape=[1], datatype="BYTES")
        tensor.contents.bytes_contents.append(body[: CAP - 100])
        message = request.SerializeToString()
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        try:
            channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(message, timeout=60)
        except grpc.RpcError as error:
            return error.code() is grpc.StatusCode.INVALID_ARGUMENT
    return True


class Probe:
    """Asks for liveness all the time; `worst` is the longest it waited."""

    def __init__(self, server: ModelServer) -> None:
        self._port = server.port
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers = 0
        self.worst = 0.0

    def __enter__(self) -> Probe:
        self._thread.start()
        while not self.answers:
            time.sleep(0.001)
        self.worst = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while not self._end.is_set():
            started = time.perf_counter()
            connection.request("GET", "/v2/health/live")
            assert connection.getresponse().read() == b'{"live":true}'
            self.worst = max(self.worst, time.perf_counter() - started)
            self.answers += 1
            time.sleep(0.002)
        connection.close()


def peak_growth(server: ModelServer, work: Callable[[], None]) -> int:
    """How many bytes more than before the server had resident at any moment of the work."""
    process = Path(f"/proc/{server.process.pid}")
    (process / "clear_refs").write_text("5")
    before = resident_bytes(server.process.pid)
    work()
    (peak,) = [
        int(line.split()[1]) * 1024
        for line in (process / "status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return peak - before


def in_binary(elements: list[bytes], shape: list[int]) -> bytes:
    """A body of HTTP with a binary tensor, the length of its JSON in four digits before it."""
    contents = raw_tensor(elements)
    tensor: dict[str, Any] = {"name": "input", "shape": shape, "datatype": "BYTES"}
    tensor["parameters"] = {"binary_data_size": len(contents)}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    return b"%04d" % len(head) + head + contents


def in_message(contents: bytes, shape: list[int], raw: bool) -> bytes:
    """A message whose tensor has these bytes for contents, or for raw contents beside it."""
    request = protocol.ModelInferRequest(model_name="toy")
    request.inputs.add(name="input", shape=shape, datatype="BYTES")
    if raw:
        return bytes(request.SerializeToString()) + field(7, contents)
    tensor = request.inputs[0].SerializeToString() + field(5, contents)
    return field(1, b"toy") + field(5, tensor)


FEW = [b"[" + b"0," * 1000 + b"0]"] * 500
MANY = [b"[" + b"[]," * 600 + b"0]"] * 500
DEEP = [b"[" * 1000 + b"]" * 1000] * 500
TINY = [b""] * (CAP // 4 - 100)
# In UTF-8, in which a body of any bytes is a text.
TEXTS = [b"\xf0\x9f\x98\x80" * 500] * 500


def batch(instance: bytes, number: int = 500) -> bytes:
    return b'{"instances":[' + b",".join([instance] * number) + b"]}"


V1_BATCHES = {
    "instances that are lists": batch(b"[0]"),
    "empty instances": batch(b"{}"),
    "too many instances": filled(b"0,", b'{"instances":[', b"]}"),
    "too many within bounds": batch(b"{}", 24_000),
    "instances within bounds": batch(b'{"a":[' + b'"0123456789abcdef",' * 92 + b"0]}"),
    "instances within instances": b'{"instances":' * 40_000 + b"[]" + b"}" * 40_000,
    "a list of nothing": b'{"instances":[' + b" " * (CAP - 20) + b"]}",
}
BINARY_BATCHES = {
    "empty elements": in_binary(TINY, [len(TINY)]),
    "empty elements of another shape": in_binary(TINY, [500]),
    "500 empty elements": in_binary([b""] * 500, [500]),
    "elements of many parts together": in_binary(MANY, [500]),
    "elements of parts within bounds": in_binary(FEW[:49], [49]),
    "deep elements": in_binary(DEEP, [500]),
    "elements of other characters": in_binary(TEXTS, [500]),
}
GRPC_BATCHES = {
    "contents": in_message(field(8, b"") * HALF, [HALF], raw=False),
    "contents of another shape": in_message(field(8, b"") * HALF, [500], raw=False),
    "500 empty contents": in_message(field(8, b"") * 500, [500], raw=False),
    "contents of many parts": in_message(b"".join(field(8, m) for m in MANY), [500], raw=False),
    "raw contents": in_message(b"\0" * (CAP - 100), [CAP // 4 - 25], raw=True),
    "raw contents of another shape": in_message(b"\0" * (CAP - 100), [500], raw=True),
    "raw contents of many parts": in_message(raw_tensor(MANY), [500], raw=True),
    "deep raw contents": in_message(raw_tensor(DEEP), [500], raw=True),
}


def batch_by_v1(server: ModelServer, body: bytes) -> bool:
    return server.predict("toy", body).status in (200, 400, 413)


def batch_by_v2(server: ModelServer, body: bytes) -> bool:
    """With a binary tensor."""
    headers = {"Inference-Header-Content-Length": str(int(body[:4]))}
    answer = call(f"{server.url}/v2/models/toy/infer", body[4:], headers)
    return answer.status in (200, 400, 413)


def batch_by_grpc(server: ModelServer, message: bytes) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        try:
            channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")(message, timeout=60)
        except grpc.RpcError as error:
            refusals = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)
            return error.code() in refusals
    return True


DOORS = [by_v1, by_v2, by_v2_of_another_model, by_v2_with_binary_tensors, by_grpc]
CASES = [
    *(pytest.param(door, body, id=f"{door.__name__}-{name}")
      for door in DOORS for name, body in SHAPES.items()),
    *(pytest.param(by_grpc, message, id=f"message-{name}") for name, message in MESSAGES.items()),
    *(pytest.param(door, body, id=f"{door.__name__}-{name}")
      for door, bodies in ((batch_by_v1, V1_BATCHES), (batch_by_v2, BINARY_BATCHES),
                           (batch_by_grpc, GRPC_BATCHES))
      for name, body in bodies.items()),
]  # fmt: skip


@pytest.mark.alone
@pytest.mark.parametrize(("door", "body"), CASES)
def test_fault_22_no_body_holds_the_loop_or_fills_memory(
    toy: ModelServer, door: Callable[[ModelServer, bytes], bool], body: bytes
) -> None:
    assert len(body) <= CAP

    def once() -> float:
        with Probe(toy) as probe:
            assert door(toy, body)
        return probe.worst

    waits = []
    growth = peak_growth(toy, lambda: waits.append(once()))
    while waits[-1] >= LIVENESS_SECONDS and len(waits) < TRIES:
        waits.append(once())
    assert min(waits) < LIVENESS_SECONDS, waits
    assert growth < GROWTH_BYTES
