"""Faults that tests and demonstrations can switch on: which calls they hit, and how to read them.

Each pretended service has its own faults, a dataclass that is also an Aim.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, Generic, TypeVar

from aiohttp import web

_FRACTION_SEED = 11


class UnknownKnob(ValueError):
    """The control request names a knob that does not exist, or gives one a wrong value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Which calls get the faults."""

    fail_first: int | None = None
    """Only this many of the next calls get the faults; None is all of them."""

    fraction: float = 1.0
    """The share of calls that get the faults, drawn from a seeded generator."""


K = TypeVar("K", bound=Aim)
Check = Callable[[Any], bool]


@dataclass(slots=True)
class Board(Generic[K]):
    """The knobs as they are now; counts the calls that got their faults."""

    no_faults: K
    knobs: K = field(init=False)
    _hits: int = field(init=False, default=0)
    _rng: Random = field(init=False, default_factory=lambda: Random(_FRACTION_SEED))

    def __post_init__(self) -> None:
        self.knobs = self.no_faults

    def turn(self, knobs: K) -> None:
        """Replace all knobs, and start counting and drawing anew."""
        self.knobs = knobs
        self._hits = 0
        self._rng = Random(_FRACTION_SEED)

    def next(self) -> K:
        """The faults of the next call."""
        limit = self.knobs.fail_first
        if limit is not None and self._hits >= limit:
            return self.no_faults
        if self.knobs.fraction < 1 and self._rng.random() >= self.knobs.fraction:
            return self.no_faults
        self._hits += 1
        return self.knobs


def is_number(value: Any) -> bool:
    """Whether a knob's value is a number of at least 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def is_status(value: Any) -> bool:
    """Whether a knob's value is an HTTP status, or none."""
    return value is None or (is_number(value) and isinstance(value, int) and 200 <= value <= 599)


def is_flag(value: Any) -> bool:
    """Whether a knob's value is on or off."""
    return isinstance(value, bool)


AIM_CHECKS: dict[str, Check] = {
    "fail_first": lambda value: value is None or (is_number(value) and isinstance(value, int)),
    "fraction": lambda value: is_number(value) and value <= 1,
}


def checked(document: Any, shape: type, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The values of a control request for the knobs of a dataclass `shape`.

    Raises:
        UnknownKnob: naming each knob that does not exist or whose value cannot be.
    """
    values = known_fields(document, shape, "the knobs")
    wrong = [name for name, value in values.items() if not checks[name](value)]
    if wrong:
        raise UnknownKnob(f"wrong value for: {', '.join(wrong)}")
    return values


def known_fields(document: Any, shape: type, what: str) -> dict[str, Any]:
    """A JSON object that has no other fields than a dataclass `shape`.

    Raises:
        UnknownKnob: it is no object, or has others, which are named.
    """
    if not isinstance(document, Mapping):
        raise UnknownKnob(f"{what} must be a JSON object")
    known = {entry.name for entry in fields(shape)}
    unknown = [str(name) for name in document if name not in known]
    if unknown:
        raise UnknownKnob(f"unknown in {what}: {', '.join(unknown)}")
    return dict(document)


def add_controls(app: web.Application, board: Board[K], read: Callable[[Any], K]) -> None:
    """Have an application turn its knobs by POST and DELETE of `/_control/knobs`."""

    async def turn(request: web.Request) -> web.Response:
        try:
            board.turn(read(await request.json()))
        except UnknownKnob as error:
            return web.json_response({"error": str(error)}, status=400)
        except ValueError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        return web.json_response({"ok": True})

    async def reset(request: web.Request) -> web.Response:
        board.turn(board.no_faults)
        return web.json_response({"ok": True})

    app.router.add_post("/_control/knobs", turn)
    app.router.add_delete("/_control/knobs", reset)
