"""What a change of the source costs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.containers import docker
from support.processes import ROOT

sys.path.insert(0, str(ROOT / "tools/images"))

import measure  # noqa: E402
from context import copy_context  # noqa: E402

SECONDS = 3
# For a machine that is busy with something else at one time.
TRIES = 3


def layers(image: str) -> list[str]:
    """The digests of its layers, the base's first."""
    details: dict[str, dict[str, list[str]]] = json.loads(docker("image", "inspect", image))[0]
    return details["RootFS"]["Layers"]


def test_a_change_of_the_source_costs_one_layer_and_little_time(
    each_image: str, tmp_path: Path
) -> None:
    changed = f"{each_image}-changed"
    context = copy_context(tmp_path / "context")
    times = [measure.rebuild_seconds(each_image, context, changed) for _ in range(TRIES)]
    assert min(times) < SECONDS
    assert layers(changed)[:-1] == layers(each_image)[:-1]
    assert layers(changed)[-1] != layers(each_image)[-1]
