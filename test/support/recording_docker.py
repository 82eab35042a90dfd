"""A stand-in for docker that records how it is called, and a spec to build with it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

# What it builds has the number of the call as its ID, what it runs prints three lines, and what it
# pushes has a digest. FAIL names the command that fails.
STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, sys

words = sys.argv[1:]
log = pathlib.Path(__file__).with_name("calls")
calls = log.read_text().splitlines() if log.exists() else []
stdin = sys.stdin.read() if words[0] == "build" else ""
buildkit = os.environ.get("DOCKER_BUILDKIT", "")
log.open("a").write(json.dumps(dict(words=words, stdin=stdin, buildkit=buildkit)) + "\\n")
if words[0] == "build":
    print("building")
    pathlib.Path(words[words.index("--iidfile") + 1]).write_text(f"sha256:{{len(calls):064x}}\\n")
if words[0] == "run":
    print("one", "two", "three", sep="\\n")
if words[0] == "push":
    print("latest: digest: sha256:" + "d" * 64 + " size: 1234")
if os.environ.get("FAIL") == words[0]:
    sys.exit(3)
"""

SPEC = """\
version: v4
base: docker-registry.wikimedia.org/bookworm
variants:
  test: {copies: [local], entrypoint: [/bin/true]}
  production: {entrypoint: [/bin/true]}
"""


@dataclass(frozen=True)
class Call:
    """One call of the stand-in."""

    words: list[str]
    stdin: str
    buildkit: str

    def value(self, option: str) -> str:
        """What stands behind an option."""
        return self.words[self.words.index(option) + 1]


@dataclass(frozen=True)
class RecordingDocker:
    """The stand-in in a folder of its own."""

    command: Path

    @classmethod
    def put_into(cls, folder: Path) -> RecordingDocker:
        """Write it into a folder that is there."""
        command = folder / "docker"
        command.write_text(STAND_IN)
        command.chmod(0o755)
        return cls(command)

    def calls(self, *names: str) -> list[Call]:
        """The calls so far, or those of some commands."""
        log = self.command.with_name("calls")
        lines = log.read_text().splitlines() if log.exists() else []
        calls = [Call(**json.loads(line)) for line in lines]
        return [call for call in calls if not names or call.words[0] in names]
