"""Run by an image's own Python: prints as JSON which packages and corpora are installed there."""

from __future__ import annotations

import importlib.metadata
import json
import pathlib
import platform
import subprocess
from typing import Any

CORPORA = pathlib.Path("/usr/share/nltk_data")
FIELDS = ("Package", "Version", "Architecture", "source:Package")


def python_packages() -> list[dict[str, Any]]:
    """Return what the metadata of each distribution says, by name."""
    found = (distribution.metadata for distribution in importlib.metadata.distributions())
    packages = [
        {
            "name": metadata["Name"],
            "version": metadata["Version"],
            "expression": next(iter(metadata.get_all("License-Expression", [])), None),
            "license": next(iter(metadata.get_all("License", [])), None),
            "classifiers": metadata.get_all("Classifier", []),
        }
        for metadata in found
    ]
    return sorted(packages, key=lambda package: str(package["name"]).lower())


def debian_packages() -> list[dict[str, str]]:
    """Return the packages that dpkg has installed, by name."""
    words = ["dpkg-query", "--show", "--showformat"]
    form = "\\t".join(f"${{{name}}}" for name in ("db:Status-Status", *FIELDS))
    listed = subprocess.run([*words, f"{form}\\n"], capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in sorted(listed.stdout.splitlines())]
    names = ("name", "version", "architecture", "source")
    return [dict(zip(names, fields)) for status, *fields in rows if status == "installed"]


def corpora() -> dict[str, str]:
    """Return where each of NLTK's corpora came from that are here."""
    marker = CORPORA / "corpora.json"
    entries = json.loads(marker.read_text()) if marker.exists() else {}
    held = {path.name for path in CORPORA.glob("corpora/*")}
    return {name: entries[name]["source"] for name in sorted(held & entries.keys())}


if __name__ == "__main__":
    release = platform.freedesktop_os_release()
    found = {
        "python": python_packages(),
        "debian": debian_packages(),
        "corpora": corpora(),
        "distribution": f"{release['ID']}-{release['VERSION_ID']}",
    }
    print(json.dumps(found))
