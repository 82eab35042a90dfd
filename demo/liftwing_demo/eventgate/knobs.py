"""The faults of the demo EventGate."""

from dataclasses import dataclass
from typing import Any, Literal

from liftwing_demo.knobs import AIM_CHECKS, Aim, Check, checked, is_flag, is_number, is_status

Partial = Literal["error", "invalid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs(Aim):
    """The faults that are switched on; without arguments none is."""

    latency: float = 0.0
    """Seconds before the answer; the events are taken all the same."""

    status: int | None = None
    """An HTTP status in the place of the answer; no event is taken."""

    invalid: bool = False
    """Each event counts as invalid."""

    partial: Partial | None = None
    """Every second event of a call fails, or counts as invalid; a single one gets through."""


NO_FAULTS = Knobs()


def read_knobs(document: Any) -> Knobs:
    """Knobs from a JSON document; `partial` may also be true, which means "error".

    Raises:
        UnknownKnob: naming each knob that does not exist or whose value cannot be.
    """
    values = checked(document, Knobs, _CHECKS)
    if isinstance(values.get("partial"), bool):
        values["partial"] = "error" if values["partial"] else None
    return Knobs(**values)


_CHECKS: dict[str, Check] = {
    "latency": is_number,
    "status": is_status,
    "invalid": is_flag,
    "partial": lambda value: value in (None, True, False, "error", "invalid"),
    **AIM_CHECKS,
}
