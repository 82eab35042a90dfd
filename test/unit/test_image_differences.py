"""Which differences between two images are found."""

from __future__ import annotations

import importlib
import io
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tool() -> Any:
    """The program as a module; it is in no package."""
    sys.path.insert(0, str(ROOT / "tools/images"))
    return importlib.import_module("differences")


def image(content: bytes = b"a", name: str = "srv/app/a.py", **fields: Any) -> io.BytesIO:
    """An archive of one file, as `docker export` writes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        for field, value in fields.items():
            setattr(member, field, value)
        archive.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return stream


@pytest.mark.parametrize(
    ("other", "how"),
    [
        (image(mode=0o600), "mode 644 and 600"),
        (image(uid=900), "owner 0:0 and 900:0"),
        (image(b"", type=tarfile.SYMTYPE, linkname="b"), "target  and b"),
        (image(b"b"), "content "),
    ],
)
def test_a_file_differs_in_kind_mode_owner_target_or_content(
    tool: Any, other: io.BytesIO, how: str
) -> None:
    (found,) = tool.differences(tool.read(image()), tool.read(other))
    assert found.path == "srv/app/a.py" and how in found.how
    assert not found.is_expected


def test_times_are_not_compared(tool: Any) -> None:
    assert list(tool.differences(tool.read(image()), tool.read(image(mtime=1)))) == []


def test_a_file_may_be_in_one_image_only(tool: Any) -> None:
    found = list(tool.differences(tool.read(image()), tool.read(image(name="b"))))
    assert [(it.path, it.how) for it in found] == [
        ("b", "only in the second"),
        ("srv/app/a.py", "only in the first"),
    ]


def test_logs_differ_between_any_two_builds(tool: Any) -> None:
    logs = [tool.read(image(content, "var/log/dpkg.log")) for content in (b"1", b"2")]
    (found,) = tool.differences(*logs)
    assert found.is_expected
