"""V2 over gRPC, and gRPC's health checking. Needs --grpc and tritonclient[grpc]."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.calling import Caller


@pytest.fixture(scope="module")
def caller(pytestconfig: pytest.Config) -> Iterator[Caller]:
    address = pytestconfig.option.grpc
    if not address:
        pytest.skip("its gRPC port is not known: tell it with --grpc")
    from conformance.calling import Caller

    caller = Caller(address, pytestconfig.option.host)
    yield caller
    caller.close()


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """The code with which a call is refused, and the text."""
    import grpc

    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    return error.code().name, error.details()


def test_grpc_says_that_the_server_is_live_and_ready(caller: Caller) -> None:
    assert caller.call("ServerLive").live
    assert caller.call("ServerReady").ready


def test_grpc_says_that_a_model_is_ready(caller: Caller, model: str) -> None:
    assert caller.call("ModelReady", name=model).ready


def test_grpc_tells_a_models_tensors(caller: Caller, model: str) -> None:
    told = caller.call("ModelMetadata", name=model)
    assert told.name == model
    for tensors, name in ((told.inputs, "input"), (told.outputs, "output")):
        (tensor,) = tensors
        assert (tensor.name, tensor.datatype, list(tensor.shape)) == (name, "BYTES", [-1])


@pytest.mark.parametrize("raw", [False, True], ids=["contents", "raw contents"])
def test_grpc_answers_what_v1_answers(
    caller: Caller, model: str, examples: list[Any], answers: list[Any], raw: bool
) -> None:
    from conformance.calling import documents_in

    for example, answer in zip(examples, answers, strict=True):
        given = caller.infer(model, [example], raw)
        assert bool(given.raw_output_contents) is raw, "not in the form of the request"
        assert documents_in(given) == [answer]


def test_grpc_tells_name_id_and_shape(
    caller: Caller, model: str, example: Any, answer: Any
) -> None:
    given = caller.infer(model, [example, example])
    assert (given.model_name, given.id) == (model, "an id")
    (tensor,) = given.outputs
    assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("output", "BYTES", [2])


def test_grpc_tells_a_bad_element_in_its_place(
    caller: Caller, model: str, example: Any, answer: Any
) -> None:
    from conformance.calling import documents_in

    first, bad, third = documents_in(caller.infer(model, [example, {}, example]))
    assert [first, third] == [answer, answer]
    assert bad["error"]["code"] == 400


def test_grpc_refuses_a_bad_request_with_the_text_of_v1(
    caller: Caller, model: str, server: Any
) -> None:
    code, text = refusal(lambda: caller.infer(model, [{}]))
    assert code == "INVALID_ARGUMENT"
    assert text == server.predict(model, {}).json()["error"]


def test_grpc_does_not_find_an_unknown_model_or_version(caller: Caller, model: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: caller.infer("none", [{}]),
        lambda: caller.call("ModelReady", name="none"),
        lambda: caller.call("ModelMetadata", name="none"),
        lambda: caller.infer(model, [{}], version="1"),
    ]
    assert [refusal(call)[0] for call in calls] == ["NOT_FOUND"] * len(calls)


@pytest.mark.parametrize("method", ["RepositoryModelLoad", "RepositoryModelUnload"])
def test_grpc_loads_and_unloads_nothing(caller: Caller, model: str, method: str) -> None:
    code, _ = refusal(lambda: caller.call(method, model_name=model))
    assert code == "UNIMPLEMENTED"


def test_grpc_health_checking_knows_the_server_and_its_models(caller: Caller, model: str) -> None:
    from conformance.calling import SERVING

    assert [caller.health(""), caller.health(model)] == [SERVING, SERVING]
    assert refusal(lambda: caller.health("none"))[0] == "NOT_FOUND"
