"""What a change of the source costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.containers import IMAGE, docker
from support.processes import ROOT

sys.path.insert(0, str(ROOT / "tools/images"))

import measure  # noqa: E402

SECONDS = 15
CHANGED = f"{IMAGE}-changed"


def layers(image: str) -> list[str]:
    """The digests of its layers, the base's first."""
    details: dict[str, dict[str, list[str]]] = json.loads(docker("image", "inspect", image))[0]
    return details["RootFS"]["Layers"]


@pytest.mark.usefixtures("image")
def test_a_change_of_the_source_costs_one_layer_and_little_time(tmp_path: Path) -> None:
    assert measure.rebuild_seconds(tmp_path, CHANGED) < SECONDS
    assert layers(CHANGED)[:-1] == layers(IMAGE)[:-1]
    assert layers(CHANGED)[-1] != layers(IMAGE)[-1]
