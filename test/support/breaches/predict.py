"""V1, one request or several."""

from __future__ import annotations

import asyncio

from support.breaches.table import PREDICT, SCORED, found_by, instances_of
from support.breaking import Answered, Ask, Asked, Breach, answer_of


@found_by("test_examples_are_answered")
async def examples_fail(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith(PREDICT) and asked.json == SCORED:
        return answer_of({"error": "It does not work."}, 502)
    return await ask(asked)


def minds_content_types(path: str) -> Breach:
    async def breach(asked: Asked, ask: Ask) -> Answered:
        kind = asked.headers.get("content-type", "application/json")
        if asked.path.endswith(path) and kind != "application/json":
            return answer_of({"error": "Unsupported media type"}, 415)
        return await ask(asked)

    breach.__name__ = "minds_content_types_" + path.strip(":/")
    return breach


found_by("test_a_body_is_read_as_json_whatever_its_content_type")(minds_content_types(PREDICT))


@found_by("test_fields_of_other_names_are_ignored")
async def minds_other_fields(asked: Asked, ask: Ask) -> Answered:
    if "no such field" in asked.fields:
        return answer_of({"error": "What is that?"}, 400)
    return await ask(asked)


@found_by("test_features_are_shown_to_who_asks_for_them_only")
async def shows_no_features(asked: Asked, ask: Ask) -> Answered:
    if asked.fields.get("extended_output") is True:
        return await ask(asked.with_json({**asked.fields, "extended_output": False}))
    return await ask(asked)


LATEST: dict[str, Asked] = {}


@found_by("test_requests_at_the_same_time_are_each_answered_with_their_own")
async def keeps_a_requests_state(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith(PREDICT) and asked.fields.keys() == {"rev_id"}:
        LATEST["request"] = asked
        await asyncio.sleep(0.01)
        return await ask(LATEST["request"])
    return await ask(asked)


@found_by("test_each_instance_is_answered_as_it_would_be_alone_and_in_order")
async def turns_batches_round(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if answer.status == 200 and "predictions" in (answer.json or {}):
        return answer.with_json({"predictions": answer.json["predictions"][::-1]})
    return answer


@found_by("test_a_bad_instance_is_told_in_its_place_and_harms_no_other")
async def tells_no_codes(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    predictions = (answer.json or {}).get("predictions", [])
    if len(predictions) == 3:
        told = [
            {"error": one["error"]["message"]} if "error" in one else one for one in predictions
        ]
        return answer.with_json({"predictions": told})
    return answer


@found_by("test_what_is_no_request_is_no_instance")
async def one_word_spoils_a_batch(asked: Asked, ask: Ask) -> Answered:
    if instances_of(asked) == ["x"]:
        return answer_of({"error": "An instance is a text."}, 400)
    return await ask(asked)


@found_by("test_no_instances_have_no_predictions")
async def refuses_empty_batches(asked: Asked, ask: Ask) -> Answered:
    if instances_of(asked) == []:
        return answer_of({"error": "There is nothing."}, 400)
    return await ask(asked)


@found_by("test_instances_that_are_no_list_are_refused")
async def takes_anything_for_instances(asked: Asked, ask: Ask) -> Answered:
    if asked.path.endswith(PREDICT) and asked.fields.get("instances", []) == {}:
        return answer_of({"predictions": []})
    return await ask(asked)


@found_by("test_as_many_instances_as_a_batcher_merges_are_answered")
async def refuses_merged_batches(asked: Asked, ask: Ask) -> Answered:
    if 32 < len(instances_of(asked) or ()) < 64:
        return answer_of({"error": "More than 32."}, 413)
    return await ask(asked)
