"""Which files of the checkout an image is built from, by its Blubber file."""

from __future__ import annotations

from liftwing_blubber import plan, read
from liftwing_blubber.spec import LOCAL

CHECKOUT = "."


def inputs(text: str, variant: str, file: str) -> frozenset[str]:
    """Return the files and folders that a variant takes from the checkout; `.` is all of it."""
    return frozenset(
        artifact.source.strip("/").removeprefix("./") or CHECKOUT
        for stage in plan(read(text, file), variant)
        for artifact in stage.artifacts
        if artifact.origin == LOCAL
    )
