"""The instructions of one builder: python or custom."""

from __future__ import annotations

import json
import shlex
from typing import List, Mapping

from liftwing_blubber.expand import is_plain, shell_word
from liftwing_blubber.spec import Builder, Cache, Custom, Python, Stage
from liftwing_blubber.transfers import copy_requirements, requirement_path
from liftwing_blubber.values import specifier

VENV = "/opt/lib/venv"
# The release that Blubber keeps out where no version is given.
SETUPTOOLS = "setuptools!=60.9.0"
# A script with an interpreter of its own must be a file; nothing of it stays in the image.
_AS_FILE = (
    "file=$(mktemp) && trap 'rm -f \"$file\"' EXIT"
    " && printf '%s' \"$0\" > \"$file\" && chmod 0700 \"$file\" && \"$file\""
)


def run_builder(builder: Builder, stage: Stage, all_: Mapping[str, Stage]) -> List[str]:
    """Return the instructions of a builder: what it requires, then what it does."""
    if isinstance(builder, Python) and not venv_of(builder):
        return []
    lines = copy_requirements(builder.requirements or (), stage, all_)
    return lines + (_python(builder) if isinstance(builder, Python) else _custom(builder, stage))


def venv_of(builder: Python) -> str:
    """Return the folder of the virtual environment, or '' if the builder does nothing."""
    if not builder.version or builder.requirements is None:
        return ""
    return builder.venv or VENV


def _python(builder: Python) -> List[str]:
    venv = venv_of(builder)
    site = ["--system-site-packages"] if builder.use_system_site_packages else []
    core = [
        specifier("wheel", builder.wheel_version),
        specifier("tox", builder.tox_version),
        specifier("pip", builder.pip_version),
    ]
    if builder.setuptools_version:
        setuptools = specifier("setuptools", builder.setuptools_version)
    else:
        setuptools = SETUPTOOLS
    install = f"{builder.version} -m pip install"
    lines = [
        f"RUN {shlex.join([builder.version, '-m', 'venv', *site, venv])}",
        f'ENV VIRTUAL_ENV="{venv}" PATH="{venv}/bin:${{PATH}}"',
        f"RUN {install} -U {shlex.quote(setuptools)} \\\n && {install} -U {shlex.join(core)}",
    ]
    files = [word for a in builder.requirements or () for word in ("-r", requirement_path(a))]
    if files:
        flags = ["--no-deps"] if builder.no_deps else []
        lines.append(f"RUN {install} {shlex.join([*flags, *files])}")
    return lines


def _custom(builder: Custom, stage: Stage) -> List[str]:
    words = _script(builder.script) if builder.script else _command(builder, stage)
    if not words:
        return []
    mounts = "".join(f"{_cache(cache, stage)} " for cache in builder.caches or ())
    return [f"RUN {mounts}{json.dumps(words, ensure_ascii=False)}"]


def _script(script: str) -> List[str]:
    if script.startswith("#!"):
        return ["/bin/sh", "-c", _AS_FILE, script]
    return ["/bin/sh", "-c", script]


def _command(builder: Custom, stage: Stage) -> List[str]:
    """Return the words to execute for a command.

    A list becomes a shell line too, its first word as it is and the others in double quotes.
    Blubber replaces variables before the shell reads the line; here one shell does it for another.
    """
    line = builder.command or ""
    if isinstance(line, tuple):
        line = " ".join([line[0], *(_quoted(word) for word in line[1:])]) if line else ""
    if not line:
        return []
    if is_plain(line):
        return ["/bin/sh", "-c", line]
    declared = {*stage.section.arguments, *stage.section.runs.environment}
    return ["/bin/sh", "-c", f"exec /bin/sh -c {shell_word(line, declared)}"]


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cache(cache: Cache, stage: Stage) -> str:
    lives = stage.section.lives
    home = f"/home/{lives.name}"
    options = {
        "type": "cache",
        "target": cache.destination.replace("${HOME}", home).replace("$HOME", home),
        "id": cache.id,
        "sharing": cache.access,
        "uid": str(lives.uid),
        "gid": str(lives.gid),
    }
    given = ",".join(f"{name}={value}" for name, value in options.items() if value)
    return f"--mount={given}"
