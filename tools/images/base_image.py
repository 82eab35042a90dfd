"""A local stand-in for Wikimedia's Debian image, made by debootstrap without a registry."""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
import subprocess
from typing import Mapping

from docker_client import Client
from machine_settings import mirror, settings_files

NAME = "docker-registry.wikimedia.org/bookworm:latest"
SUITE = "bookworm"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Counted up when this file makes another image from the same settings.
RECIPE = 2


def ensure_base(client: Client, folder: pathlib.Path) -> bool:
    """Make the base image unless the one there has this machine's settings; say whether it did."""
    files = settings_files(SUITE)
    digest = hashlib.sha256(json.dumps([RECIPE, files], sort_keys=True).encode()).hexdigest()
    note = folder / "base.sha256"
    if client.has_image(NAME) and note.exists() and note.read_text() == digest:
        return False
    root = folder / "base"
    shutil.rmtree(root, ignore_errors=True)
    try:
        _bootstrap(root, folder / "debootstrap.log")
        _write(root, files)
        _import(client, root)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    note.write_text(digest)
    return True


def _bootstrap(root: pathlib.Path, log: pathlib.Path) -> None:
    words = ["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(root)]
    with log.open("w") as output:
        done = subprocess.run(
            [*words, *mirror(SUITE)], stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise RuntimeError(f"debootstrap failed; see {log}")
    for leftover in [*root.glob("var/cache/apt/archives/*.deb"), *root.glob("var/lib/apt/lists/*")]:
        if leftover.is_file():
            leftover.unlink()
    # debootstrap copies these from the machine; Docker mounts others over them.
    for name in ("hostname", "resolv.conf"):
        (root / "etc" / name).write_text("")


def _write(root: pathlib.Path, files: Mapping[str, str]) -> None:
    if any(name.startswith("/etc/apt/sources.list") for name in files):
        (root / "etc/apt/sources.list").unlink(missing_ok=True)
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)


def _import(client: Client, root: pathlib.Path) -> None:
    changes = ['CMD ["/bin/bash"]', f"ENV PATH={PATH}"]
    words = [word for change in changes for word in ("--change", change)]
    with subprocess.Popen(
        ["tar", "--numeric-owner", "-C", str(root), "-c", "."], stdout=subprocess.PIPE
    ) as tar:
        client.run("import", *words, "-", NAME, stdin=tar.stdout)
    if tar.returncode:
        raise RuntimeError("tar could not read the folder of the base image")
