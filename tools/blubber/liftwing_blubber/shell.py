"""The shell lines that every image runs: packages, accounts, directories."""

from __future__ import annotations

import shlex
from typing import List, Mapping, Tuple

APT_LISTS = "/var/lib/apt/lists"


def apt_script(packages: Mapping[str, Tuple[str, ...]]) -> str:
    """Return a line that installs the packages of each release."""
    steps = ["apt-get update"]
    for release in sorted(packages):
        words = ["apt-get", "install", "-y"]
        if release != "default":
            words += ["-t", release]
        steps.append(" ".join([*words, *packages[release]]))
    steps.append(f"rm -rf {APT_LISTS}/*")
    return _together(steps)


def accounts_script(lives_directory: str) -> str:
    """Return a line that makes both accounts and the directories of the first.

    An account is made only if its id, not its name, is absent.
    """
    directories = f"{shlex.quote(lives_directory)} /opt/lib"
    return _together(
        [
            *_account("LIVES"),
            f"mkdir -p {directories}",
            f'chown "$LIVES_UID:$LIVES_GID" {directories}',
            *_account("RUNS"),
        ]
    )


def _account(prefix: str) -> List[str]:
    name, uid, gid = (f'"${prefix}_{part}"' for part in ("AS", "UID", "GID"))
    return [
        f"(getent group {gid} >/dev/null || groupadd -r -o -g {gid} {name})",
        f"(getent passwd {uid} >/dev/null"
        f' || useradd -l -r -o -m -d "/home/${prefix}_AS" -s /bin/sh -g {gid} -u {uid} {name})',
    ]


def unmake_directory_script(directory: str) -> str:
    """Return a line that removes a new directory and those of its parents that are new.

    What is old is what the image mounted at /mnt has; it is asked by chroot because a link in it
    (/var/run is one) may be absolute.
    """
    return (
        f"cd / && d={shlex.quote(directory)} && "
        'while ! chroot /mnt test -e "$d"; do rmdir "$d" && d=$(dirname "$d") || exit 1; done'
    )


def _together(steps: List[str]) -> str:
    return " \\\n && ".join(steps)
