#!/usr/bin/env python3
"""Compare two images file by file: kind, mode, owner, target of a link, SHA-256 of the content.

    tools/images/differences.py IMAGE OTHER

Times are not compared. Prints a line for each path that differs, and ends with status 1 if any of
them is not among those that differ between any two builds; docs/publishing.md says why those do.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
from dataclasses import dataclass, fields
from typing import IO, Dict, Iterator, Optional

from build import docker_command

# What Debian's tools write of the time and of the disk that they ran on.
OF_ANY_BUILD = (
    "etc/shadow",
    "var/cache/ldconfig/aux-cache",
    "var/log/",
)
CHUNK = 1 << 20


@dataclass(frozen=True)
class Entry:
    """What an image has at a path."""

    kind: str
    mode: str
    owner: str
    target: str
    content: str


@dataclass(frozen=True)
class Difference:
    """A path, and in which way two images differ there."""

    path: str
    how: str

    @property
    def is_expected(self) -> bool:
        """Whether any two builds differ there."""
        return self.path.startswith(OF_ANY_BUILD)


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("image")
    parser.add_argument("other")
    options = parser.parse_args()
    try:
        found = list(differences(entries_of(options.image), entries_of(options.other)))
        for it in found:
            print(f"{it.path}: {it.how}{' (as in any two builds)' if it.is_expected else ''}")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"differences: {error}", file=sys.stderr)
        return 2
    return 0 if all(it.is_expected for it in found) else 1


def entries_of(image: str) -> Dict[str, Entry]:
    """Return what is at each path of an image."""
    docker = docker_command()
    made = subprocess.check_output(
        [docker, "create", "--pull", "never", "--network", "none", image], text=True
    )
    container = made.strip()
    try:
        with subprocess.Popen([docker, "export", container], stdout=subprocess.PIPE) as export:
            assert export.stdout
            found = read(export.stdout)
        if export.returncode:
            raise OSError(f"docker cannot export {image}")
    finally:
        subprocess.run([docker, "rm", container], stdout=subprocess.DEVNULL, check=True)
    return found


def read(stream: IO[bytes]) -> Dict[str, Entry]:
    """Return the entries of a tar archive by path."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        found = {member.name.rstrip("/"): _entry(archive, member) for member in archive}
    # The end of the archive is followed by what would keep its writer waiting.
    while stream.read(CHUNK):
        pass
    return found


def differences(one: Dict[str, Entry], other: Dict[str, Entry]) -> Iterator[Difference]:
    """Yield the paths that differ, in order."""
    for path in sorted(one.keys() | other.keys()):
        how = _how(one.get(path), other.get(path))
        if how:
            yield Difference(path, how)


def _how(one: Optional[Entry], other: Optional[Entry]) -> str:
    if one is None or other is None:
        return f"only in the {'second' if one is None else 'first'}"
    pairs = [(it.name, getattr(one, it.name), getattr(other, it.name)) for it in fields(Entry)]
    return ", ".join(
        f"{name} {first} and {second}" for name, first, second in pairs if first != second
    )


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    digest = hashlib.sha256()
    content = archive.extractfile(member) if member.isreg() else None
    while content and (chunk := content.read(CHUNK)):
        digest.update(chunk)
    return Entry(
        kind=member.type.decode(),
        mode=f"{member.mode:o}",
        owner=f"{member.uid}:{member.gid}",
        target=member.linkname,
        content=digest.hexdigest() if content else "",
    )


if __name__ == "__main__":
    sys.exit(main())
