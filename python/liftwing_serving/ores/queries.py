"""What a client asks of ORES' API: typed, or refused as ORES refused it. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from liftwing_serving.fields import shown, too_deep
from liftwing_serving.ores.failures import Failure

MAX_REVISIONS = 50
# A function of the page, perhaps within an object, and nothing else that a script could be.
_CALLBACK = re.compile(r"[A-Za-z_$][\w$]{0,80}(?:\.[A-Za-z_$][\w$]{0,80}){0,4}", re.ASCII)
_REVISION = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_INJECTED = ("feature.", "feature_vector.", "datasource.")


@dataclass(frozen=True, slots=True)
class Query:
    """Scores of revisions by models of a wiki, each `context`, or what there is of models.

    No `models` are all of them. `model_info` is None for their versions only, and "" for all that
    is known of them. `inject` has values by revision.
    """

    context: str | None = None
    models: tuple[str, ...] = ()
    rev_ids: tuple[int, ...] = ()
    features: bool = False
    model_info: str | None = None
    inject: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Form:
    """How the answer is written: with line ends unless `compact`, as JSONP for a `callback`."""

    compact: bool = False
    callback: str | None = None


Parameters = Mapping[str, str]


def parameters_in(*texts: str) -> dict[str, str]:
    """The parameters of a URL and of a form; of several of one name the first counts."""
    parameters: dict[str, str] = {}
    for text in texts:
        for name, value in parse_qsl(text, keep_blank_values=True):
            parameters.setdefault(name, value)
    return parameters


def read_form(parameters: Parameters) -> Form:
    """How to write the answer. Raises Failure."""
    callback = parameters.get("callback") or None
    if callback is not None and not _CALLBACK.fullmatch(callback):
        raise Failure(400, "The callback is not the name of a function.")
    return Form(parameters.get("format") == "json", callback)


def read_query(
    parameters: Parameters,
    context: str | None = None,
    model: str | None = None,
    revision: str | None = None,
) -> Query:
    """The query in the parts of a path and in parameters. Raises Failure."""
    models = _split(model if model is not None else parameters.get("models", ""))
    rev_ids = _revisions(revision if revision is not None else parameters.get("revids", ""))
    return Query(
        context=context,
        models=tuple(dict.fromkeys(models)),
        rev_ids=rev_ids,
        features="features" in parameters,
        model_info=parameters.get("model_info"),
        inject=_inject(parameters, rev_ids),
    )


def read_event(body: bytes) -> Query:
    """The query in a revision-create event, for all models of its wiki. Raises Failure."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Failure(400, "Could not parse the event: it is not JSON.") from None
    fields = event if isinstance(event, dict) else {}
    context, rev_id = fields.get("database"), fields.get("rev_id")
    if not isinstance(context, str) or not isinstance(rev_id, int) or isinstance(rev_id, bool):
        raise Failure(400, "Must provide an event with a 'database' and a 'rev_id'.")
    return Query(context, rev_ids=(rev_id,))


def _split(text: str) -> list[str]:
    return [part for part in text.split("|") if part] if text else []


def _revisions(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split("|")] if text.strip() else []
    if not all(_REVISION.fullmatch(part) for part in parts):
        raise Failure(400, f"Could not interpret revids. {shown(text)} is no list of integers.")
    rev_ids = tuple(dict.fromkeys(map(int, parts)))
    if len(rev_ids) > MAX_REVISIONS:
        text = f"Too many values for 'revids' parameter.  Max of {MAX_REVISIONS}."
        raise Failure(400, text)
    return rev_ids


def _inject(parameters: Parameters, rev_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The values to inject for each of the revisions. Raises Failure."""
    for_all = {
        name: _json(name, value) for name, value in parameters.items() if name.startswith(_INJECTED)
    }
    inject = {rev_id: dict(for_all) for rev_id in rev_ids if for_all}
    given = _json("inject", parameters["inject"]) if parameters.get("inject") else {}
    if not isinstance(given, dict) or not all(isinstance(it, dict) for it in given.values()):
        raise Failure(400, "Expected 'inject' to be an object of objects by revision.")
    asked = {str(rev_id): rev_id for rev_id in rev_ids}
    for text, values in given.items():
        if text not in asked:
            raise Failure(400, f"'inject' names {shown(text)}, which 'revids' does not.")
        inject.setdefault(asked[text], {}).update(values)
    if too_deep(list(inject.values())):
        raise Failure(400, "Expected the values to inject to be nested less deep.")
    return {rev_id: values for rev_id, values in inject.items() if values}


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Failure(400, f"Could not parse {shown(name)}: it is not JSON.") from None
