"""V2 over HTTP."""

from __future__ import annotations

import json
from typing import Any

from support.breaches.predict import minds_content_types
from support.breaches.table import INFER, SCORED, found_by
from support.breaking import Answered, Ask, Asked, answer_of

LENGTH = "inference-header-content-length"

found_by("test_a_v2_body_is_read_whatever_its_content_type")(minds_content_types(INFER))


def tensor_in(asked: Asked) -> Any:
    """The first tensor of a V2 request of JSON, or an empty one."""
    inputs = asked.fields.get("inputs") if asked.path.endswith(INFER) else None
    return inputs[0] if isinstance(inputs, list) and inputs else {}


@found_by("test_an_element_is_answered_as_in_v1")
async def answers_otherwise_in_v2(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if tensor_in(asked).get("data") == [json.dumps(SCORED)] and answer.status == 200:
        document = answer.json
        document["outputs"][0]["data"] = ["{}"]
        return answer.with_json(document)
    return answer


@found_by("test_the_tensors_shape_and_the_requests_id_come_back")
async def flattens_tensors(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if tensor_in(asked).get("shape") == [2, 1]:
        document = answer.json
        document["outputs"][0]["shape"] = [2]
        return answer.with_json(document)
    return answer


@found_by("test_a_bad_element_is_told_in_its_place_and_harms_no_other")
async def one_element_spoils_a_tensor(asked: Asked, ask: Ask) -> Answered:
    if len(tensor_in(asked).get("data", ())) == 3:
        return answer_of({"error": "Bad."}, 400)
    return await ask(asked)


@found_by("test_a_bad_element_alone_is_refused_as_in_v1")
async def has_other_texts_in_v2(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if asked.path.endswith(INFER) and answer.status == 400:
        return answer.with_json({"error": "Wrong."})
    return answer


@found_by("test_an_element_may_hold_instances")
async def has_no_batches_in_v2(asked: Asked, ask: Ask) -> Answered:
    if "instances" in str(tensor_in(asked).get("data")):
        return answer_of({"error": "No batches here."}, 400)
    return await ask(asked)


@found_by("test_what_is_no_v2_request_is_refused")
async def takes_numbers(asked: Asked, ask: Ask) -> Answered:
    if tensor_in(asked).get("datatype") == "FP32":
        return answer_of({"outputs": []})
    return await ask(asked)


@found_by("test_tensors_may_be_binary")
async def does_not_tell_the_length(asked: Asked, ask: Ask) -> Answered:
    return (await ask(asked)).with_headers(**{LENGTH: None})
