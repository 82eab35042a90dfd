"""The variants that Wikimedia's pipeline runs before it builds images to publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from support.containers import docker

# Of those alike one is run.
ALIKE = {
    "editquality": ("articlequality", "draftquality", "revscoring", "topic"),
    "outlink": ("outlink-transformer",),
}
PAIRS = [(one, other) for one, others in ALIKE.items() for other in others]

Built = Callable[..., str]


def details(image: str) -> tuple[Any, Any]:
    """What tells two images apart: their files, and what they run."""
    (found,) = json.loads(docker("image", "inspect", image))
    return found["RootFS"], found["Config"]["Entrypoint"]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("image", ALIKE)
def test_it_checks_style_and_types_and_passes_the_unit_tests(image: str, built: Built) -> None:
    printed = docker("run", "--rm", "--network", "none", built(image, "test"))
    assert "Success: no issues found" in printed
    assert " passed" in printed


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("image", "other"), PAIRS)
def test_another_images_runs_the_same_on_the_same_layers(
    image: str, other: str, built: Built
) -> None:
    assert details(built(other, "test")) == details(built(image, "test"))
