"""Calls the server under test over gRPC, with the messages that tritonclient has of V2."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import StringValue, UInt32Value
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc as services

SECONDS = 60.0
SERVING = 1


class Caller:
    """The server at an address, or behind it under the name of a `host`.

    What it refuses raises grpc.RpcError.
    """

    def __init__(self, address: str, host: str | None = None) -> None:
        options: list[tuple[str, object]] = [("grpc.enable_http_proxy", 0)]
        if host:
            options.append(("grpc.default_authority", host))
        self._channel = grpc.insecure_channel(address, options)
        self._service = services.GRPCInferenceServiceStub(self._channel)

    def call(self, method: str, **fields: Any) -> Any:
        """The answer to a call of V2 whose message has these fields."""
        request = getattr(protocol, f"{method}Request")(**fields)
        return getattr(self._service, method)(request, timeout=SECONDS)

    def infer(
        self, model: str, requests: Sequence[Any], raw: bool = False, version: str = ""
    ) -> Any:
        """The answer to V1 requests as the elements of a tensor, raw or as contents."""
        texts = [json.dumps(request).encode() for request in requests]
        message = protocol.ModelInferRequest(model_name=model, model_version=version, id="an id")
        tensor = message.inputs.add(name="input", shape=[len(texts)], datatype="BYTES")
        if raw:
            pieces = (len(text).to_bytes(4, "little") + text for text in texts)
            message.raw_input_contents.append(b"".join(pieces))
        else:
            tensor.contents.bytes_contents.extend(texts)
        return self._service.ModelInfer(message, timeout=SECONDS)

    def health(self, service: str) -> int:
        """What gRPC's health checking says of a service."""
        # Its messages have one field each, as these have.
        check = self._channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=StringValue.SerializeToString,
            response_deserializer=UInt32Value.FromString,
        )
        return int(check(StringValue(value=service), timeout=SECONDS).value)

    def close(self) -> None:
        """Close its connection."""
        self._channel.close()


def documents_in(answer: Any) -> list[Any]:
    """The V1 answers in the only tensor of an answer."""
    (tensor,) = answer.outputs
    if answer.raw_output_contents:
        texts = list(_elements(answer.raw_output_contents[0]))
    else:
        texts = list(tensor.contents.bytes_contents)
    return [json.loads(text) for text in texts]


def _elements(raw: bytes) -> Iterator[bytes]:
    while raw:
        end = 4 + int.from_bytes(raw[:4], "little")
        yield raw[4:end]
        raw = raw[end:]
