"""A batch: each instance has its own answer in its place, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hypothesis
import orjson
import pytest
from hypothesis import strategies as st
from liftwing_serving import errors, logs
from liftwing_serving.deadline import Deadline
from liftwing_serving.server import Servable, instances
from liftwing_serving.server.hosted import Hosted
from liftwing_serving.server.instances import MAX_LOGGED, Batch
from liftwing_serving.server.openinference import Element
from liftwing_serving.settings import ServerSettings
from prometheus_client import REGISTRY

NAME = "parrot"
MOST = 20
NOT_A_DICT = "Please verify that request input is a json dict"
KINDS: dict[str, Callable[[], Exception]] = {
    "bad": lambda: errors.RevisionMissing(1),
    "busy": lambda: errors.TooManyRequests(9),
    "unusable": lambda: errors.UpstreamUnusable("HTML"),
    "down": lambda: errors.UpstreamUnavailable("MediaWiki cannot be reached.", asked_delay=7),
    "internal": lambda: errors.InternalError("a task failed", details="SECRET of a worker"),
    "defect": lambda: ZeroDivisionError("SECRET of a defect"),
}
CODES = {"bad": 400, "busy": 429, "unusable": 502, "down": 503, "internal": 500, "defect": 500}


class Parrot(Servable[dict[str, Any]]):
    """Answers with the request, or as it says: refused when read, failed, late or not JSON."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.batches: list[int] = []

    def read(self, fields: dict[str, Any]) -> dict[str, Any]:
        logs.note(say=fields.get("say"))
        if fields.get("read") in KINDS:
            raise KINDS[fields["read"]]()
        return fields

    async def answer(self, request: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        if request.get("answer") in KINDS:
            raise KINDS[request["answer"]]()
        if request.get("answer") == "late":
            await asyncio.sleep(3600)
        return {"say": object() if request.get("answer") == "not JSON" else request.get("say")}

    async def answer_all(
        self, requests: Sequence[dict[str, Any]], deadline: Deadline
    ) -> Sequence[dict[str, Any] | Exception]:
        self.batches.append(len(requests))
        whole = requests[0].get("whole")
        if whole == "busy":
            raise KINDS["busy"]()
        if whole == "late":
            await asyncio.sleep(3600)
        answers = await super().answer_all(requests, deadline)
        return answers[1:] if whole == "too few" else answers


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def hosted(parrot: Parrot) -> Hosted:
    hosted = Hosted(NAME, ServerSettings(max_instances=MOST, request_deadline_seconds=0.3))
    hosted.servable = parrot
    return hosted


@pytest.fixture(autouse=True)
def request_id() -> Iterator[None]:
    token = logs.request_id.set("r-1")
    yield
    logs.request_id.reset(token)


async def predict(hosted: Hosted, *given: object) -> list[Any]:
    answer = json.loads(await hosted.answer(json.dumps({"instances": given}).encode()))
    assert list(answer) == ["predictions"]
    predictions: list[Any] = answer["predictions"]
    return predictions


async def infer(hosted: Hosted, *given: object) -> list[Any]:
    elements = [json.dumps(instance).encode() for instance in given]
    return [json.loads(text) for text in await hosted.answer_each(elements)]


def error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize("number", [0, 1, 2, MOST])
async def test_each_instance_is_answered_in_its_place_by_one_call(
    hosted: Hosted, parrot: Parrot, number: int
) -> None:
    given = [{"say": n, "other": "ignored"} for n in range(number)]
    assert await predict(hosted, *given) == [{"say": n} for n in range(number)]
    assert parrot.batches == ([number] if number else [])
    assert await infer(hosted, *given) == [{"say": n} for n in range(number)]


async def test_fields_beside_instances_are_ignored(hosted: Hosted) -> None:
    body = b'{"rev_id": "x", "instances": [{"say": 1}], "parameters": 5}'
    assert await hosted.answer(body) == b'{"predictions":[{"say":1}]}'


@pytest.mark.parametrize("ask", [predict, infer])
async def test_a_bad_instance_is_refused_in_its_place(hosted: Hosted, ask: Any) -> None:
    bad: list[object] = [1, None, [], "x", {"read": "bad"}, {"answer": "bad"}, {"instances": []}]
    missing = error(400, str(KINDS["bad"]()))
    expected = [error(400, NOT_A_DICT)] * 4 + [missing, missing]
    expected.append(error(400, 'Expected no "instances" within an instance.'))
    given = [{"say": 1}, *bad, {"say": 2}]
    assert await ask(hosted, *given) == [{"say": 1}, *expected, {"say": 2}]


async def test_an_element_that_is_no_json_is_refused_in_its_place(hosted: Hosted) -> None:
    elements: list[Element] = [b'{"say":1}', b"", b"\xff", errors.BadRequest("no text")]
    first, *others = [json.loads(text) for text in await hosted.answer_each(elements)]
    assert first == {"say": 1}
    assert others == [error(400, NOT_A_DICT)] * 2 + [error(400, "no text")]


@pytest.mark.parametrize("ask", [predict, infer])
async def test_a_defect_is_told_of_in_its_place_by_request_id_and_logged_with_its_traceback(
    hosted: Hosted, ask: Any, caplog: pytest.LogCaptureFixture
) -> None:
    internal = error(500, "Internal error. Please report it with this request id: r-1")
    wrong = [{"read": "defect"}, {"answer": "defect"}, {"answer": "internal"}]
    given = [{"say": 1}, *wrong, {"answer": "not JSON"}, {"say": 2}]
    assert await ask(hosted, *given) == [{"say": 1}, *[internal] * 4, {"say": 2}]
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert len(tracebacks) == 3
    assert "SECRET of a worker" in [getattr(record, "details", "") for record in caplog.records]


@pytest.mark.parametrize("ask", [predict, infer])
async def test_what_is_late_is_a_503_in_its_place(hosted: Hosted, ask: Any) -> None:
    given = [{"say": 1}, {"answer": "late"}, {"say": 2}]
    late = error(503, "The request's time was over.")
    assert await ask(hosted, *given) == [{"say": 1}, late, {"say": 2}]


@pytest.mark.parametrize("ask", [predict, infer])
@pytest.mark.parametrize(
    "kinds", [["busy"] * 2, ["unusable", "down"], ["down", "busy", "unusable"]]
)
async def test_only_if_all_may_succeed_on_a_second_try_the_whole_is_repeated(
    hosted: Hosted, ask: Any, kinds: list[str]
) -> None:
    given = [{"answer": kind} for kind in kinds]
    with pytest.raises(errors.NoneAnswered) as caught:
        await ask(hosted, *given)
    assert caught.value.status == 503
    assert caught.value.retry_after == max({"busy": 9, "down": 7, "unusable": 1}[k] for k in kinds)
    for other in ({"say": 1}, {"read": "bad"}, {"answer": "defect"}):
        answers = await ask(hosted, *given, other)
        codes = [answer["error"]["code"] for answer in answers[:-1]]
        assert codes == [CODES[kind] for kind in kinds]


async def test_one_alone_that_may_succeed_on_a_second_try_is_repeated(hosted: Hosted) -> None:
    with pytest.raises(errors.NoneAnswered):
        await predict(hosted, {"answer": "down"})
    # A tensor's only element is a request, not a batch.
    with pytest.raises(errors.UpstreamUnavailable):
        await infer(hosted, {"answer": "down"})
    assert await predict(hosted, {"answer": "bad"}) == [error(400, str(KINDS["bad"]()))]


@pytest.mark.parametrize("ask", [predict, infer])
@pytest.mark.parametrize(
    ("number", "whole", "raised"),
    [
        (2, "busy", errors.TooManyRequests),
        (2, "too few", ValueError),
        (MOST + 1, "", errors.TooManyInstances),
    ],
)
async def test_what_is_wrong_with_the_whole_is_the_answer_to_it(
    hosted: Hosted, ask: Any, number: int, whole: str, raised: type[Exception]
) -> None:
    with pytest.raises(raised):
        await ask(hosted, *[{"whole": whole}] * number)


async def test_a_family_that_does_not_keep_the_deadline_is_not_waited_for(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "COLLECT_SECONDS", 0.2)
    started = time.monotonic()
    with pytest.raises(errors.DeadlineExceeded):
        await predict(hosted, {"whole": "late"})
    assert 0.5 <= time.monotonic() - started < 60


@pytest.mark.parametrize("given", [{}, 1, None, "x"])
async def test_instances_that_are_no_list_are_refused(hosted: Hosted, given: object) -> None:
    with pytest.raises(errors.BadRequest, match='^Expected "instances" to be a list.$'):
        await hosted.answer(json.dumps({"instances": given}).encode())


def counted(name: str, label: str) -> dict[str, float]:
    samples = (
        (code, REGISTRY.get_sample_value(name, {"model": NAME, label: code}))
        for code in ("200", "400", "413", "429", "499", "500", "502", "503")
    )
    return {code: value for code, value in samples if value}


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    grown = {code: value - before.get(code, 0) for code, value in after.items()}
    return {code: value for code, value in grown.items() if value}


@pytest.mark.parametrize(
    ("given", "status", "codes"),
    [
        ([{"say": 1}, {"read": "bad"}, {"answer": "down"}], "200", {"200": 1, "400": 1, "503": 1}),
        ([{"answer": "busy"}, {"answer": "down"}], "503", {"429": 1, "503": 1}),
        ([{"whole": "busy"}] * 4, "429", {"429": 4}),
        ([], "200", {}),
        ([{}] * (MOST + 1), "413", {"413": 1}),
    ],
)
async def test_a_batch_is_one_request_and_so_many_instances(
    hosted: Hosted, given: list[object], status: str, codes: dict[str, float]
) -> None:
    requests = counted("liftwing_requests_total", "status")
    each = counted("liftwing_instances_total", "code")
    try:
        await predict(hosted, *given)
    except errors.ServingError:
        pass
    assert grown(requests, counted("liftwing_requests_total", "status")) == {status: 1}
    assert grown(each, counted("liftwing_instances_total", "code")) == codes


async def test_one_that_is_no_batch_is_one_instance(hosted: Hosted) -> None:
    each = counted("liftwing_instances_total", "code")
    await hosted.answer(b'{"say": 1}')
    with pytest.raises(errors.RevisionMissing):
        await hosted.answer(b'{"read": "bad"}')
    assert grown(each, counted("liftwing_instances_total", "code")) == {"200": 1, "400": 1}


async def test_log_lines_name_the_instance_that_they_are_about(
    hosted: Hosted, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(caplog.handler, "formatter", logs.JsonFormatter())
    await predict(hosted, {"say": 1}, {"say": 2, "answer": "bad"}, {"say": 3})
    line = json.loads(caplog.text)
    assert (line["instances"], line["instance"], line["say"]) == (3, 1, 2)
    assert (line["request_id"], line["status"]) == ("r-1", 400)


async def test_a_batch_of_failures_is_a_few_log_lines_of_each_status(
    hosted: Hosted, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bad, defects = [{"answer": "bad"}] * (MAX_LOGGED + 3), [{"answer": "defect"}] * 2
    await predict(hosted, {"say": 1}, *bad, *defects)
    assert len([record for record in caplog.records if record.exc_info]) == 2
    assert len(caplog.records) == MAX_LOGGED + 2 + 1
    assert caplog.messages[-1] == "3 more instances failed"


async def test_elements_are_bounded_together_before_they_are_read(
    hosted: Hosted, parrot: Parrot
) -> None:
    element = b'{"a":[' + b"0," * 4_000 + b"0]}"
    assert len(await hosted.answer_each([element] * 10)) == 10
    with pytest.raises(errors.BadRequest, match="more than 50000 parts"):
        await hosted.answer_each([element] * 13)
    assert parrot.batches == [10]


async def test_others_have_their_turn_while_a_batch_is_read_and_written() -> None:
    waits: list[float] = []

    async def watch() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0)
            waits.append(time.perf_counter() - started)

    def slow(number: int) -> int:
        time.sleep(0.01)
        return number

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    batch = await Batch.read(slow, range(20))
    assert len(waits) >= 20
    large = {str(n): "x" * 100 for n in range(100_000)}
    await batch.answer(_Large(large), Deadline.after(60))
    waits.clear()
    texts = await batch.texts()
    watching.cancel()
    assert texts == [orjson.dumps(large)] * 20
    assert len(waits) >= 10


class _Large(Servable[int]):
    """Answers with a large document."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__("large")
        self._document = document

    def read(self, fields: dict[str, Any]) -> int:
        raise NotImplementedError

    async def answer(self, request: int, deadline: Deadline) -> dict[str, Any]:
        return self._document


INSTANCE = st.fixed_dictionaries(
    {"say": st.integers(0, 99)},
    optional={
        "read": st.sampled_from([*KINDS]),
        "answer": st.sampled_from([*KINDS, "not JSON"]),
    },
)
ANYTHING = INSTANCE | st.none() | st.integers() | st.lists(st.integers(), max_size=2)


@hypothesis.given(st.lists(ANYTHING, max_size=3))
async def test_any_batch_is_answered_one_by_one(given: list[Any]) -> None:
    hosted = Hosted(NAME, ServerSettings())
    hosted.servable = Parrot()
    expected: list[Any] = []
    for instance in given:
        if not isinstance(instance, dict):
            expected.append(400)
        elif reason := instance.get("read") or instance.get("answer"):
            expected.append(CODES.get(reason, 500))
        else:
            expected.append({"say": instance["say"]})
    try:
        answers = await predict(hosted, *given)
    except errors.NoneAnswered:
        assert given and all(code in (429, 502, 503) for code in expected)
        return
    assert [answer.get("error", {}).get("code", answer) for answer in answers] == expected
    assert not given or any(code not in (429, 502, 503) for code in expected)
