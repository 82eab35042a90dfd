"""Batches and both protocols by other people's clients: KServe's own, and NVIDIA's.

What they are answered is compared with what the stock library says of each revision.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import pytest
from kserve import InferenceGRPCClient, InferenceRESTClient, RESTConfig
from support.clients import CLIENTS, Ask, Clients, Refused
from support.light import NAME, answer_to
from support.processes import ModelServer, Wiki

Stock = dict[int, dict[str, Any]]

UNKNOWN = 999_999_999
EVERY_CLIENT = pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS.keys())


@pytest.fixture(scope="module")
def running_clients(light_server: ModelServer) -> Iterator[Clients]:
    clients = Clients(light_server)
    yield clients
    clients.close()


@pytest.fixture
def clients(running_clients: Clients, wiki: Wiki) -> Clients:
    return running_clients


@EVERY_CLIENT
@pytest.mark.parametrize("shape", [[1], [2, 3], [1, 3, 2]], ids=str)
def test_a_tensor_is_answered_element_by_element_in_its_shape(
    clients: Clients, light_stock: Stock, ask: Ask, shape: list[int]
) -> None:
    rev_ids = list(light_stock)[10 : 10 + math.prod(shape)]
    answer = ask(clients, NAME, [{"rev_id": rev_id} for rev_id in rev_ids], shape)
    assert answer.shape == shape
    assert answer.documents == [answer_to(rev_id, light_stock) for rev_id in rev_ids]


@EVERY_CLIENT
def test_bad_elements_among_good_ones_are_answered_in_their_places(
    clients: Clients, light_stock: Stock, ask: Ask
) -> None:
    rev_ids = list(light_stock)[40:45]
    good: list[dict[str, Any]] = [{"rev_id": rev_id} for rev_id in rev_ids]
    good[1]["extended_output"] = True
    expected = [answer_to(rev_id, light_stock) for rev_id in rev_ids]
    expected[1] = answer_to(rev_ids[1], light_stock, extended=True)
    requests = [*good[:2], {"rev_id": "1"}, good[2], {"rev_id": UNKNOWN}, [], *good[3:]]
    answer = ask(clients, NAME, requests, [8])
    bad = [answer.documents.pop(place)["error"] for place in (5, 4, 2)]
    assert answer.documents == expected
    assert [error["code"] for error in bad] == [400, 400, 400]
    not_a_dict, unknown, not_a_number = (error["message"] for error in bad)
    assert not_a_dict == "Please verify that request input is a json dict"
    assert str(UNKNOWN) in unknown
    assert not_a_number == 'Expected "rev_id" to be an integer.'


def status(ask: Ask, http: int, grpc: str) -> str:
    """What a client says of a refusal's status."""
    (name,) = [name for name, client in CLIENTS.items() if client is ask]
    return f"StatusCode.{grpc}" if "grpc" in name else str(http)


@EVERY_CLIENT
def test_a_lone_bad_element_is_refused(clients: Clients, light_stock: Stock, ask: Ask) -> None:
    with pytest.raises(Refused) as caught:
        ask(clients, NAME, [{"rev_id": "1"}], [1])
    assert caught.value.status == status(ask, 400, "INVALID_ARGUMENT")
    assert 'Expected "rev_id" to be an integer.' in caught.value.text


@EVERY_CLIENT
def test_another_model_is_not_found(clients: Clients, ask: Ask) -> None:
    with pytest.raises(Refused) as caught:
        ask(clients, "enwiki-other", [{"rev_id": 1}, {"rev_id": 2}], [2])
    assert caught.value.status == status(ask, 404, "NOT_FOUND")


def test_kserves_client_gets_predictions_of_instances(clients: Clients, light_stock: Stock) -> None:
    rev_ids = list(light_stock)[60:66]
    instances = [{"rev_id": rev_id} for rev_id in rev_ids]
    instances.insert(3, {"rev_id": UNKNOWN})

    async def ask() -> Any:
        client = InferenceRESTClient(RESTConfig(protocol="v1"))
        try:
            return await client.infer(clients.server.url, {"instances": instances}, NAME)
        finally:
            await client.close()

    answer = asyncio.run(ask())
    assert answer.keys() == {"predictions"}
    assert answer["predictions"].pop(3)["error"]["code"] == 400
    assert answer["predictions"] == [answer_to(rev_id, light_stock) for rev_id in rev_ids]


def test_kserves_clients_find_server_and_model_ready(clients: Clients) -> None:
    url, grpc_url = clients.server.url, f"127.0.0.1:{clients.server.grpc_port}"

    async def ask(protocol: str) -> list[bool]:
        client = InferenceRESTClient(RESTConfig(protocol=protocol))
        try:
            said = [await client.is_server_live(url), await client.is_model_ready(url, NAME)]
            if protocol == "v2":
                said.append(await client.is_server_ready(url))
            return said
        finally:
            await client.close()

    async def ask_grpc() -> list[bool]:
        async with InferenceGRPCClient(grpc_url) as client:
            return [
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready(NAME),
            ]

    assert asyncio.run(ask("v1")) == [True] * 2
    assert asyncio.run(ask("v2")) == [True] * 3
    assert asyncio.run(ask_grpc()) == [True] * 3


@pytest.mark.parametrize("door", ["http", "grpc"])
def test_nvidias_clients_are_told_what_server_and_model_are(clients: Clients, door: str) -> None:
    told = clients.triton(door, "tell", NAME)
    assert told["ready"] == [True] * 3
    assert told["server"]["name"]
    assert told["model"]["name"] == NAME
    (given,), (answered,) = told["model"]["inputs"], told["model"]["outputs"]
    assert (given["name"], given["datatype"]) == ("input", "BYTES")
    assert (answered["name"], answered["datatype"]) == ("output", "BYTES")
    # As many elements as a client likes; protobuf's JSON has numbers of 64 bits as texts.
    assert list(map(int, given["shape"])) == list(map(int, answered["shape"])) == [-1]
