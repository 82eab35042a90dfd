"""V2 over gRPC, where answers are changed as messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# By name the method, and what changes its answer.
CHANGES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "grpc_not_ready": ("ServerReady", lambda answer: setattr(answer, "ready", False)),
    "grpc_model_not_ready": ("ModelReady", lambda answer: setattr(answer, "ready", False)),
    "grpc_no_tensors": ("ModelMetadata", lambda answer: answer.ClearField("inputs")),
    "grpc_no_id": ("ModelInfer", lambda answer: setattr(answer, "id", "")),
    "grpc_other_answers": ("ModelInfer", lambda answer: _empty_if_alone(answer)),
    "grpc_one_spoils_all": ("ModelInfer", lambda answer: _all_bad_of_three(answer)),
    "grpc_unhealthy": ("Check", lambda answer: setattr(answer, "value", 2)),
}
# By name the method, a code, and the one that takes its place.
CODES = {
    "grpc_finds_all": ("ModelInfer", "NOT_FOUND", "UNKNOWN"),
    "grpc_other_codes": ("ModelInfer", "INVALID_ARGUMENT", "INTERNAL"),
}
# A method that there should not be.
EXTRA = {"grpc_loads": "RepositoryModelLoad"}

CHECKS = {
    "grpc_not_ready": "test_grpc_says_that_the_server_is_live_and_ready",
    "grpc_model_not_ready": "test_grpc_says_that_a_model_is_ready",
    "grpc_no_tensors": "test_grpc_tells_a_models_tensors",
    "grpc_no_id": "test_grpc_tells_name_id_and_shape",
    "grpc_other_answers": "test_grpc_answers_what_v1_answers",
    "grpc_one_spoils_all": "test_grpc_tells_a_bad_element_in_its_place",
    "grpc_unhealthy": "test_grpc_health_checking_knows_the_server_and_its_models",
    "grpc_finds_all": "test_grpc_does_not_find_an_unknown_model_or_version",
    "grpc_other_codes": "test_grpc_refuses_a_bad_request_with_the_text_of_v1",
    "grpc_loads": "test_grpc_loads_and_unloads_nothing",
}


def _empty_if_alone(answer: Any) -> None:
    (tensor,) = answer.outputs
    if len(tensor.contents.bytes_contents) == 1:
        tensor.contents.bytes_contents[0] = b"{}"


def _all_bad_of_three(answer: Any) -> None:
    (tensor,) = answer.outputs
    if len(tensor.contents.bytes_contents) == 3:
        tensor.contents.bytes_contents[:] = [tensor.contents.bytes_contents[1]] * 3
