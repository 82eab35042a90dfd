"""The faults of the demo wiki."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from liftwing_demo.knobs import (
    AIM_CHECKS,
    Aim,
    Check,
    checked,
    is_flag,
    is_number,
    is_status,
    known_fields,
)

Malformed = Literal["json", "html", "truncated", "empty"]


@dataclass(frozen=True, slots=True)
class ErrorKnob:
    """An error in the place of the answer: an HTTP status, or a code of the API."""

    status: int | None = None
    retry_after: float | None = None
    api: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs(Aim):
    """The faults that are switched on; without arguments none is."""

    latency: float = 0.0
    """Seconds before an answer begins."""

    error: ErrorKnob | None = None
    """An error in the place of the answer."""

    slow_body: float = 0.0
    """Seconds over which the body dribbles out."""

    malformed: Malformed | None = None
    """What is wrong with the body: no JSON, a page of HTML, cut in the middle, or nothing."""

    redirect: bool = False
    """A 302 to another place in the place of the answer."""


NO_FAULTS = Knobs()


def read_knobs(document: Any) -> Knobs:
    """Knobs from a JSON document.

    Raises:
        UnknownKnob: naming each knob that does not exist or whose value cannot be.
    """
    values = checked(document, Knobs, _CHECKS)
    if isinstance(values.get("error"), Mapping):
        values["error"] = ErrorKnob(**known_fields(values["error"], ErrorKnob, "error"))
    if isinstance(values.get("malformed"), bool):
        values["malformed"] = "json" if values["malformed"] else None
    return Knobs(**values)


def _is_error(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, Mapping) or not {"status", "api"} & set(value):
        return False
    api, pause = value.get("api"), value.get("retry_after")
    return (
        is_status(value.get("status"))
        and (api is None or isinstance(api, str))
        and (pause is None or is_number(pause))
    )


_CHECKS: dict[str, Check] = {
    "latency": is_number,
    "error": _is_error,
    "slow_body": is_number,
    "malformed": lambda value: value in (None, True, False, "html", "truncated", "empty"),
    "redirect": is_flag,
    **AIM_CHECKS,
}
