"""Faults that tests and demonstrations can switch on, and the decision whom they hit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Literal

Malformed = Literal["json", "html", "truncated", "empty"]
_FRACTION_SEED = 11


class UnknownKnob(ValueError):
    """The control request names a knob that does not exist, or gives one a wrong value."""


@dataclass(frozen=True, slots=True)
class ErrorKnob:
    """An error in the place of the answer: an HTTP status, or a code of the API."""

    status: int | None = None
    retry_after: float | None = None
    api: str | None = None


@dataclass(frozen=True, slots=True)
class Knobs:
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

    fail_first: int | None = None
    """Only this many of the next calls get the faults; None is all of them."""

    fraction: float = 1.0
    """The share of calls that get the faults, drawn from a seeded generator."""


NO_FAULTS = Knobs()


@dataclass(slots=True)
class Board:
    """The knobs as they are now; counts the calls that got their faults."""

    knobs: Knobs = NO_FAULTS
    _hits: int = 0
    _rng: Random = field(default_factory=lambda: Random(_FRACTION_SEED))

    def turn(self, knobs: Knobs) -> None:
        """Replace all knobs, and start counting and drawing anew."""
        self.knobs = knobs
        self._hits = 0
        self._rng = Random(_FRACTION_SEED)

    def next(self) -> Knobs:
        """The faults of the next call."""
        limit = self.knobs.fail_first
        if limit is not None and self._hits >= limit:
            return NO_FAULTS
        if self.knobs.fraction < 1 and self._rng.random() >= self.knobs.fraction:
            return NO_FAULTS
        self._hits += 1
        return self.knobs


def read_knobs(document: Any) -> Knobs:
    """Knobs from a JSON document.

    Raises:
        UnknownKnob: naming each knob that does not exist or whose value cannot be.
    """
    values = _object(document, Knobs, "the knobs")
    wrong = [name for name, value in values.items() if not _CHECKS[name](value)]
    if wrong:
        raise UnknownKnob(f"wrong value for: {', '.join(wrong)}")
    if isinstance(values.get("error"), Mapping):
        values["error"] = ErrorKnob(**_object(values["error"], ErrorKnob, "error"))
    if isinstance(values.get("malformed"), bool):
        values["malformed"] = "json" if values["malformed"] else None
    return Knobs(**values)


def _object(document: Any, shape: type, what: str) -> dict[str, Any]:
    if not isinstance(document, Mapping):
        raise UnknownKnob(f"{what} must be a JSON object")
    known = {entry.name for entry in fields(shape)}
    unknown = [str(name) for name in document if name not in known]
    if unknown:
        raise UnknownKnob(f"unknown in {what}: {', '.join(unknown)}")
    return dict(document)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_error(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, Mapping) or not {"status", "api"} & set(value):
        return False
    status, api, pause = value.get("status"), value.get("api"), value.get("retry_after")
    return (
        (status is None or (isinstance(status, int) and 200 <= status <= 599))
        and (api is None or isinstance(api, str))
        and (pause is None or _is_number(pause))
    )


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "latency": _is_number,
    "error": _is_error,
    "slow_body": _is_number,
    "malformed": lambda value: value in (None, True, False, "html", "truncated", "empty"),
    "redirect": lambda value: isinstance(value, bool),
    "fail_first": lambda value: value is None or (_is_number(value) and isinstance(value, int)),
    "fraction": lambda value: _is_number(value) and value <= 1,
}
