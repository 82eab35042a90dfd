"""What a build on this machine needs to reach Debian and the Python package index, as files.

The files go into the local base image, so that no variable of this machine shows in an image.
"""

from __future__ import annotations

import configparser
import os
import pathlib
import re
import subprocess
import urllib.request
from typing import Dict, List, Mapping

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
APT_PREFIXES = ("Acquire::http", "Acquire::Check-", "Acquire::Retries", "Acquire::Languages")
# As in images for containers: neither packages nor apt's own caches stay behind (104 MB in one).
APT_TIDY = (
    "DPkg::Post-Invoke:: "
    '"rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true";',
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
)
PIP_KEYS = ("index-url", "extra-index-url", "trusted-host", "timeout", "default-timeout", "retries")
PIP_FILES = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
REACH_SECONDS = 10


def settings_files(suite: str) -> Dict[str, str]:
    """Return the text of each file to put into the base, by its path."""
    files = {
        "/etc/apt/apt.conf.d/90machine": apt_settings(
            subprocess.check_output(["apt-config", "dump"], text=True), os.environ
        ),
        "/etc/pip.conf": pip_settings(_machine_pip(), os.environ),
        **_apt_sources(suite),
    }
    if pathlib.Path(BUNDLE).exists():
        bundle = pathlib.Path(BUNDLE).read_text()
        files[BUNDLE] = bundle
        # Installing ca-certificates anew writes the bundle from these.
        files["/usr/local/share/ca-certificates/machine.crt"] = bundle
    return files


def apt_settings(dump: str, environment: Mapping[str, str]) -> str:
    """Return apt's settings: how this machine fetches, no recommendations, nothing left behind."""
    lines = [line for line in dump.splitlines() if line.startswith(APT_PREFIXES)]
    proxy = environment.get("http_proxy") or environment.get("HTTP_PROXY")
    if proxy:
        lines.append(f'Acquire::http::Proxy "{proxy}";')
    lines += ['APT::Install-Recommends "false";', 'APT::Install-Suggests "false";', *APT_TIDY]
    return "\n".join(lines) + "\n"


def pip_settings(machine: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """Return pip.conf: where this machine's pip looks for packages."""
    found = {key: machine[key] for key in PIP_KEYS if key in machine}
    for key in PIP_KEYS:
        value = environment.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            found[key] = value
    proxy = environment.get("https_proxy") or environment.get("HTTPS_PROXY")
    if proxy:
        found["proxy"] = proxy
    links = environment.get("PIP_FIND_LINKS") or machine.get("find-links", "")
    reachable = [link for link in links.split() if _answers(link)]
    if reachable:
        found["find-links"] = " ".join(reachable)
    found["cert"] = BUNDLE
    lines = [f"{key} = {' '.join(value.split())}" for key, value in found.items()]
    return "\n".join(["[global]", *lines]) + "\n"


def mirror(suite: str) -> List[str]:
    """Return the address from which this machine gets the suite, if it does."""
    output = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    for line in output.splitlines():
        address, release, component = (line.split() + ["", "", ""])[:3]
        if (release, component) == (suite, "main"):
            return [address]
    return []


def _apt_sources(suite: str) -> Dict[str, str]:
    """Return this machine's lists of Debian packages, other vendors' lists left out."""
    folder = pathlib.Path("/etc/apt/sources.list.d")
    files = [pathlib.Path("/etc/apt/sources.list"), *folder.glob("*.list")]
    files += folder.glob("*.sources")
    texts = {str(file): file.read_text() for file in files if file.is_file()}
    wanted = re.compile(rf"(?m)(?:^|\s){suite}(?:\s|$)")
    return {
        name: text
        for name, text in texts.items()
        if wanted.search(text) and re.search(r"(?m)(?:^|\s)main(?:\s|$)", text)
    }


def _machine_pip() -> Dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read([os.path.expanduser(file) for file in PIP_FILES])
    return dict(parser["global"]) if parser.has_section("global") else {}


def _answers(address: str) -> bool:
    """Whether a web address answers; a folder of this machine is not in the image."""
    if not address.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(address, timeout=REACH_SECONDS):
            return True
    except OSError:
        return False
