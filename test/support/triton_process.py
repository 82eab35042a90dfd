"""NVIDIA's clients of the Open Inference Protocol: a call per line of input, then what came of it.

A process of its own, as its protobuf messages are named as KServe's are, which one process cannot
have twice. `python triton_process.py HTTP_ADDRESS GRPC_ADDRESS`; `support.triton` starts it.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException


def infer(
    client: Any, package: Any, model: str, texts: list[str], shape: list[int], options: Any
) -> Any:
    """Shape and texts of the answer's tensor; over HTTP each tensor is binary or not."""
    tensor = package.InferInput("input", shape, "BYTES")
    elements = numpy.array([text.encode() for text in texts], dtype=object).reshape(shape)
    if package is tritonclient.http:
        tensor.set_data_from_numpy(elements, binary_data=options["binary_in"])
        wanted = package.InferRequestedOutput("output", binary_data=options["binary_out"])
        outputs = [wanted] if options["named"] else None
    else:
        tensor.set_data_from_numpy(elements)
        outputs = [package.InferRequestedOutput("output")] if options["named"] else None
    result = client.infer(model, [tensor], outputs=outputs, request_id="abc")
    answer = result.as_numpy("output")
    came = [one.decode() if isinstance(one, bytes) else str(one) for one in answer.flatten()]
    response = result.get_response()
    return {
        "shape": list(answer.shape),
        "texts": came,
        "id": response["id"] if isinstance(response, dict) else response.id,
    }


def tell(client: Any, as_json: dict[str, bool], model: str) -> Any:
    """What is known of a server and its model."""
    return {
        "ready": [client.is_server_live(), client.is_server_ready(), client.is_model_ready(model)],
        "server": client.get_server_metadata(**as_json),
        "model": client.get_model_metadata(model, **as_json),
    }


def main(http_address: str, grpc_address: str) -> None:
    doors: dict[str, tuple[Any, Any, dict[str, bool]]] = {
        "http": (tritonclient.http.InferenceServerClient(http_address), tritonclient.http, {}),
        "grpc": (
            tritonclient.grpc.InferenceServerClient(grpc_address),
            tritonclient.grpc,
            {"as_json": True},
        ),
    }
    for line in sys.stdin:
        door, call, *arguments = json.loads(line)
        client, package, as_json = doors[door]
        try:
            if call == "infer":
                answer = infer(client, package, *arguments)
            else:
                answer = tell(client, as_json, *arguments)
            outcome = {"answer": answer}
        except InferenceServerException as error:
            outcome = {"refused": [error.status(), error.message()]}
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
