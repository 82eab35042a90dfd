"""Request ids, refusals and their texts."""

from __future__ import annotations

import uuid

from support.breaches.table import PREDICT, SCORED, answers, found_by
from support.breaking import Answered, Ask, Asked, answer_of


@found_by("test_the_callers_request_id_comes_back")
async def forgets_request_ids(asked: Asked, ask: Ask) -> Answered:
    return (await ask(asked)).with_headers(x_request_id=str(uuid.uuid4()))


@found_by("test_who_sends_no_request_id_is_given_one")
async def has_one_request_id(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    return answer if "x-request-id" in asked.headers else answer.with_headers(x_request_id="id")


@found_by("test_a_request_id_that_might_do_harm_is_replaced")
async def repeats_any_request_id(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    return answer.with_headers(x_request_id=asked.headers.get("x-request-id", str(uuid.uuid4())))


FORM = "test_every_refusal_is_an_object_with_the_error_as_a_text"


@found_by(FORM)
async def tells_details(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    return answer.with_json({"detail": answer.json["error"]}) if answer.status == 404 else answer


@found_by(FORM)
async def shows_tracebacks(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if answer.status == 405:
        return answer.with_json({"error": "Traceback (most recent call last)"})
    return answer


@found_by(FORM)
async def says_that_errors_are_html(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    return answer.with_headers(content_type="text/html") if answer.status == 404 else answer


@found_by("test_a_body_that_is_no_json_object_is_refused")
async def chokes_on_bytes(asked: Asked, ask: Ask) -> Answered:
    return answer_of({"error": "Oh."}, 500) if b"\xff" in asked.body else await ask(asked)


@found_by("test_a_hostile_body_is_refused_and_the_server_lives_on")
async def chokes_on_depth(asked: Asked, ask: Ask) -> Answered:
    return answer_of({"error": "Oh."}, 500) if b"[[[[" in asked.body else await ask(asked)


@found_by("test_a_field_of_a_wrong_type_is_refused")
async def takes_a_float_for_an_integer(asked: Asked, ask: Ask) -> Answered:
    if isinstance(asked.fields.get("rev_id"), float):
        return await ask(asked.with_json(SCORED))
    return await ask(asked)


@found_by("test_a_field_of_a_wrong_type_is_refused")
async def takes_a_word_for_a_flag(asked: Asked, ask: Ask) -> Answered:
    if asked.fields.get("extended_output") == "true":
        return await ask(asked.with_json(SCORED))
    return await ask(asked)


answers(
    "test_an_unknown_model_is_not_found", "knows_any", "GET", "/v1/models/none", {"ready": False}
)
answers("test_what_is_not_offered_is_not_found", "has_index", "POST", "/v2/repository/index", [])


@found_by("test_a_method_that_a_path_does_not_have_is_refused")
async def tells_no_methods(asked: Asked, ask: Ask) -> Answered:
    return (await ask(asked)).with_headers(allow=None)


@found_by("test_a_refusal_has_the_text_that_clients_match")
async def has_other_texts(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if answer.status == 400 and asked.fields == {"rev_id": "1"}:
        return answer.with_json({"error": "rev_id: not an integer"})
    return answer


@found_by("test_a_revision_that_the_wiki_does_not_have_is_refused")
async def does_not_find_revisions(asked: Asked, ask: Ask) -> Answered:
    answer = await ask(asked)
    if "The MW API" in str(answer.json) and asked.path.endswith(PREDICT):
        return answer_of(answer.json, 404)
    return answer


@found_by("test_an_event_of_another_wiki_is_refused")
async def scores_for_any_wiki(asked: Asked, ask: Ask) -> Answered:
    event = asked.fields.get("event")
    if isinstance(event, dict) and event.get("database") == "nonewiki":
        return await ask(asked.with_json(SCORED))
    return await ask(asked)
