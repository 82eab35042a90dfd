"""A docker client that can build with BuildKit, and the daemon it talks to."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import IO, Dict, Optional

DEBIAN = "/usr/bin/docker"
ANSWER_SECONDS = 30
# Since this release the client needs a plugin for BuildKit.
NEEDS_PLUGIN = 23


@dataclass(frozen=True)
class Client:
    """A docker command and the address of a daemon ('' for the command's own choice)."""

    command: str
    host: str = ""

    def environment(self) -> Dict[str, str]:
        """Return the variables by which others reach the same daemon."""
        found = {"DOCKER": self.command, "DOCKER_BUILDKIT": "1"}
        return {**found, "DOCKER_HOST": self.host} if self.host else found

    def run(
        self, *words: str, stdin: Optional[IO[bytes]] = None, seconds: Optional[float] = None
    ) -> str:
        """Run the command and return what it prints; a failure is an error with its message."""
        done = subprocess.run(
            [self.command, *words],
            stdin=stdin or subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **self.environment()},
            timeout=seconds,
            check=False,
        )
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip()
            raise RuntimeError(f"docker {words[0]} failed: {message}")
        return done.stdout.decode(errors="replace")

    def succeeds(self, *words: str, seconds: float = ANSWER_SECONDS) -> bool:
        """Whether the command works within the time."""
        try:
            self.run(*words, seconds=seconds)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            return False
        return True

    def answers(self) -> bool:
        """Whether the daemon answers."""
        return self.succeeds("version", "--format", "{{.Server.Version}}")

    def has_image(self, name: str) -> bool:
        """Whether the daemon has the image."""
        return self.succeeds("image", "inspect", name)


def client_with_buildkit() -> Optional[str]:
    """Return a docker command that can build with BuildKit, the one on PATH first."""
    for command in (shutil.which("docker"), DEBIAN):
        if command and os.path.exists(command) and _has_buildkit(command):
            return command
    return None


def _has_buildkit(command: str) -> bool:
    shown = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    release = re.search(r"version (\d+)", shown.stdout)
    if release and int(release[1]) < NEEDS_PLUGIN:
        return True
    return Client(command).succeeds("buildx", "version")
