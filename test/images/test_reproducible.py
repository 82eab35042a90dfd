"""Two builds of one checkout, in another folder and at another time, have the same files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.containers import shell
from support.processes import ROOT

sys.path.insert(0, str(ROOT / "tools/images"))

from build import build  # noqa: E402
from context import copy_context  # noqa: E402
from differences import differences, entries_of  # noqa: E402

# The one that is built in the shortest time, a minute or so; IMAGES names others.
IMAGES = os.environ.get("IMAGES", "outlink-transformer").split()
LONG_AGO = 10**9


def built_again(image: str, folder: Path) -> str:
    """The tag of the image, built without cached layers from a copy of what builds read."""
    context = copy_context(folder)
    for path in context.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    tag = f"{image}-again-{folder.name}"
    assert build(image, context=context, tag=tag, options=("--quiet", "--no-cache")) == 0
    return tag


def packages(image: str) -> str:
    """Debian's packages and their versions."""
    return shell("dpkg-query --show", image)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("image", IMAGES)
def test_another_build_has_the_same_files(
    image: str, built: Callable[..., str], tmp_path: Path
) -> None:
    one, other = built(image), built_again(image, tmp_path / "first")
    if packages(one) != packages(other):
        # The layers at hand are older than Debian's last update.
        one = built_again(image, tmp_path / "second")
    assert packages(one) == packages(other)
    found = differences(entries_of(one), entries_of(other))
    assert [it for it in found if not it.is_expected] == []
