"""The part of the MediaWiki action API that scoring needs, as a function of plain values."""

from collections.abc import Callable, Mapping
from typing import Any

from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.parse import parse
from liftwing_demo.wiki.api.query import query
from liftwing_demo.wiki.api.shape import DOCREF, WARNINGS, whole
from liftwing_demo.wiki.store import WikiStore

__all__ = ["ACTIONS", "ApiError", "answer", "error_document"]

SERVED_BY = "demo"
ACTIONS: dict[str, Callable[[WikiStore, Params], dict[str, Any]]] = {
    "parse": parse,
    "query": query,
}
"""The actions the API knows, each answering the fields of its result."""

_GENERAL = (
    *("format", "utf8", "ascii", "maxlag", "smaxage", "maxage", "uselang", "errorformat"),
    *("errorlang", "errorsuselocal", "origin", "requestid", "curtimestamp", "servedby", "assert"),
)
_DOCREF = (
    "See /w/api.php for API usage. Subscribe to the mediawiki-api-announce mailing list at "
    "&lt;https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/"
    "&gt; for notice of API deprecations and breaking changes."
)


def answer(store: WikiStore, values: Mapping[str, str]) -> dict[str, Any]:
    """The JSON document MediaWiki 1.39 would answer to these parameters.

    Errors of the caller are documents too, with `error` in the place of a result.
    """
    params = Params(values)
    try:
        version = 1 if params.choice("formatversion", ("1", "2", "latest"), "1") == "1" else 2
    except ApiError as error:
        params.warn("json", error.info)
        params.warn("main", "Error printer failed. Will retry without params.")
        return error_document(error, 1, params.warnings)
    try:
        result = _act(store, params)
    except ApiError as error:
        return error_document(error, version, params.warnings)
    return whole(_with_warnings(result | _requested(params), params.warnings), version)


def _requested(params: Params) -> dict[str, Any]:
    """What a caller may want said of any call."""
    fields: dict[str, Any] = {}
    if (identifier := params.text("requestid")) is not None:
        fields["requestid"] = identifier
    if params.text("servedby") is not None:
        fields["servedby"] = SERVED_BY
    return fields


def error_document(
    error: ApiError, version: int = 1, warnings: Mapping[str, list[str]] | None = None
) -> dict[str, Any]:
    """How the API says that a call failed."""
    document = {
        "error": {"code": error.code, "info": error.info, **error.extra, DOCREF: _DOCREF},
        "servedby": SERVED_BY,
    }
    return whole(_with_warnings(document, warnings or {}), version)


def _act(store: WikiStore, params: Params) -> dict[str, Any]:
    for name in _GENERAL:
        params.text(name)
    params.choice("format", ("json",), "json")
    action = params.text("action")
    action = "help" if action is None else action
    if action not in ACTIONS:
        raise ApiError("badvalue", f'Unrecognized value for parameter "action": {action}.')
    result = ACTIONS[action](store, params)
    params.warn_of_unread()
    return result


def _with_warnings(document: dict[str, Any], warnings: Mapping[str, list[str]]) -> dict[str, Any]:
    if not warnings:
        return document
    shown = {module: {WARNINGS: "\n".join(texts)} for module, texts in warnings.items()}
    batch = {key: document[key] for key in ("batchcomplete",) if key in document}
    return batch | {"warnings": shown} | document
