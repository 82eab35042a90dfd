"""The files of the package that browsers ask for, with what tells them that they have them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_TYPES = {
    "diffs.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "table.js": "text/javascript; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file: its type, its bytes, and its ETag."""

    content_type: str
    body: bytes
    etag: str

    def is_known(self, if_none_match: str) -> bool:
        """Whether a browser that sends this header has the file already."""
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return self.etag in tags or "*" in tags


@cache
def assets() -> Mapping[str, Asset]:
    """The files by name."""
    folder = files(__package__).joinpath("static")
    read = {name: folder.joinpath(name).read_bytes() for name in _TYPES}
    return {
        name: Asset(_TYPES[name], body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        for name, body in read.items()
    }
