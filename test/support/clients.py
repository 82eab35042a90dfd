"""Other people's clients of the Open Inference Protocol, each as the same function.

KServe's own, over HTTP and gRPC, and NVIDIA's (`support.triton_process`); tensors as JSON or as
protobuf has them, and in binary form.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from support.environment import environment
from support.processes import ModelServer, stop


@dataclass(frozen=True)
class Tensor:
    """An answer: the tensor's shape, and the document in each of its elements."""

    shape: list[int]
    documents: list[Any]


class Refused(Exception):
    """What a client says of a refusal: its status or code, and the server's text."""

    def __init__(self, status: str, text: str) -> None:
        super().__init__(status, text)
        self.status, self.text = status, text


class Clients:
    """All clients of one server."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        addresses = [f"127.0.0.1:{port}" for port in (server.port, server.grpc_port)]
        program = Path(__file__).with_name("triton_process.py")
        # -P: the folder of support's modules is not to be searched for theirs.
        self._triton = subprocess.Popen(
            [sys.executable, "-P", str(program), *addresses],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )

    def triton(self, door: str, call: str, *arguments: Any) -> Any:
        """What NVIDIA's client gets by `http` or `grpc`. Raises Refused."""
        assert self._triton.stdin is not None and self._triton.stdout is not None
        self._triton.stdin.write(json.dumps([door, call, *arguments]).encode() + b"\n")
        self._triton.stdin.flush()
        outcome = json.loads(self._triton.stdout.readline())
        if "refused" in outcome:
            raise Refused(*outcome["refused"])
        return outcome["answer"]

    def kserve_rest(self, request: InferRequest) -> Any:
        """What KServe's client gets by HTTP. Raises Refused."""

        async def ask() -> Any:
            client = InferenceRESTClient(RESTConfig(protocol="v2"))
            try:
                return await client.infer(self.server.url, request, request.model_name)
            finally:
                await client.close()

        try:
            return asyncio.run(ask())
        except httpx.HTTPStatusError as error:
            raise Refused(str(error.response.status_code), str(error)) from None

    def kserve_grpc(self, request: InferRequest) -> Any:
        """What KServe's client gets by gRPC. Raises Refused."""

        async def ask() -> Any:
            async with InferenceGRPCClient(f"127.0.0.1:{self.server.grpc_port}") as client:
                return await client.infer(request)

        try:
            return asyncio.run(ask())
        except grpc.RpcError as error:
            raise Refused(str(error.code()), error.details()) from None

    def close(self) -> None:
        stop(self._triton)
        for stream in (self._triton.stdin, self._triton.stdout):
            assert stream is not None
            stream.close()


Ask = Callable[[Clients, str, Sequence[Any], Sequence[int]], Tensor]


def by_kserve_rest(binary_in: bool, binary_out: bool) -> Ask:
    def ask(clients: Clients, model: str, requests: Sequence[Any], shape: Sequence[int]) -> Tensor:
        output = RequestedOutput("output", {"binary_data": binary_out})
        request = kserve_request(model, requests, shape, binary_in, request_outputs=[output])
        return tensor_of(clients.kserve_rest(request), "abc")

    return ask


def by_kserve_grpc(raw: bool) -> Ask:
    def ask(clients: Clients, model: str, requests: Sequence[Any], shape: Sequence[int]) -> Tensor:
        return tensor_of(clients.kserve_grpc(kserve_request(model, requests, shape, raw)), "abc")

    return ask


def by_triton(door: str, named: bool = True, **binary: bool) -> Ask:
    def ask(clients: Clients, model: str, requests: Sequence[Any], shape: Sequence[int]) -> Tensor:
        texts = [json.dumps(request) for request in requests]
        options = {"named": named, **binary}
        answer = clients.triton(door, "infer", model, texts, list(shape), options)
        assert answer["id"] == "abc"
        return Tensor(answer["shape"], [json.loads(text) for text in answer["texts"]])

    return ask


def kserve_request(
    model: str, requests: Sequence[Any], shape: Sequence[int], binary: bool, **more: Any
) -> InferRequest:
    """V1 requests as the elements of a tensor."""
    elements = numpy.array([json.dumps(request).encode() for request in requests], dtype=object)
    tensor = InferInput("input", list(shape), "BYTES")
    tensor.set_data_from_numpy(elements.reshape(shape), binary_data=binary)
    return InferRequest(model, [tensor], request_id="abc", **more)


def tensor_of(response: Any, request_id: str) -> Tensor:
    """The only tensor of an answer of KServe's clients."""
    assert response.id == request_id
    (output,) = response.outputs
    assert (output.name, output.datatype) == ("output", "BYTES")
    return Tensor(list(output.shape), [json.loads(one) for one in output.as_numpy().flatten()])


CLIENTS: dict[str, Ask] = {
    "kserve http, json": by_kserve_rest(binary_in=False, binary_out=False),
    "kserve http, binary in": by_kserve_rest(binary_in=True, binary_out=False),
    "kserve http, binary out": by_kserve_rest(binary_in=False, binary_out=True),
    "kserve http, binary": by_kserve_rest(binary_in=True, binary_out=True),
    "kserve grpc": by_kserve_grpc(raw=False),
    "kserve grpc, raw": by_kserve_grpc(raw=True),
    "triton http, json": by_triton("http", binary_in=False, binary_out=False),
    "triton http, binary in": by_triton("http", binary_in=True, binary_out=False),
    "triton http, binary out": by_triton("http", binary_in=False, binary_out=True),
    "triton http, binary": by_triton("http", binary_in=True, binary_out=True),
    # Which asks for all outputs, in binary form.
    "triton http, unnamed": by_triton("http", named=False, binary_in=True, binary_out=True),
    "triton grpc": by_triton("grpc"),
}
