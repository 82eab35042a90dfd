"""An image's modes are its spec's, whatever umask the checkout was made under."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.containers import shell
from support.processes import ROOT

sys.path.insert(0, str(ROOT / "tools/images"))

import build  # noqa: E402
from context import copy_context  # noqa: E402
from inventory import images  # noqa: E402

LOCKS = ("requirements/dev.lock", *(image.lock for image in images().values()))
OURS = "$(ls -d /srv /opt /usr/share/nltk_data 2>/dev/null)"
MODES = f"find {OURS} -printf '%p %y %m %U %G\\n' | sort"
UNREADABLE = f"find {OURS} ! -readable -o -type d ! -executable"


@pytest.fixture(scope="module")
def private_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a build reads, as a checkout under umask 077 has it."""
    context = copy_context(tmp_path_factory.mktemp("private") / "context")
    for path in [context, *context.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o700)
    # They enter no image. With the modes of this checkout their packages are built already.
    for lock in LOCKS:
        (context / lock).chmod((ROOT / lock).stat().st_mode & 0o777)
    return context


def test_an_image_of_a_private_checkout_has_the_modes_of_any_other(
    each_image: str, private_checkout: Path
) -> None:
    tag = f"{each_image}-private"
    assert build.build(each_image, context=private_checkout, tag=tag) == 0
    assert shell(UNREADABLE, tag, user="900").split() == []
    assert shell(MODES, tag) == shell(MODES, each_image)


def test_the_test_variant_of_a_private_checkout_can_be_read(
    image: str, private_checkout: Path
) -> None:
    tag = f"{image}-test-private"
    assert build.build(image, "test", private_checkout, tag) == 0
    assert "/srv/app/python/liftwing_serving/errors.py" in shell("find /srv/app/python", tag)
    assert shell("find /srv ! -readable -o -type d ! -executable", tag, user="900").split() == []
