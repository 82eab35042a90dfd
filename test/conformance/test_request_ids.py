"""Every answer carries an id by which its log lines are found."""

from __future__ import annotations

import pytest
from conformance.asking import Answer, Server

OWN = "a-9Z._:/-"


def ask(server: Server, model: str, what: str, headers: dict[str, str]) -> Answer:
    """An answer of one kind or another."""
    match what:
        case "a probe":
            return server.get("/v2/health/live", headers=headers)
        case "a refusal":
            return server.predict(model, b"{", headers)
        case "an unknown model":
            return server.predict("none", {}, headers)
        case "an unknown path":
            return server.get("/none", headers=headers)
    raise ValueError(what)


KINDS = ["a probe", "a refusal", "an unknown model", "an unknown path"]


@pytest.mark.parametrize("what", KINDS)
def test_the_callers_request_id_comes_back(server: Server, model: str, what: str) -> None:
    answer = ask(server, model, what, {"X-Request-Id": OWN})
    assert answer.headers.get("x-request-id") == OWN


@pytest.mark.parametrize("what", KINDS)
def test_who_sends_no_request_id_is_given_one(server: Server, model: str, what: str) -> None:
    ids = [ask(server, model, what, {}).headers.get("x-request-id") for _ in range(2)]
    assert all(ids), "there is none"
    assert len(set(ids)) == 2, "the same for two requests"


@pytest.mark.parametrize("harmful", ["a" * 129, "a b", '"', "a<b>", "a;b"])
def test_a_request_id_that_might_do_harm_is_replaced(server: Server, harmful: str) -> None:
    answer = server.get("/v2/health/live", headers={"X-Request-Id": harmful})
    assert answer.headers.get("x-request-id") != harmful
