"""What tools/setup says to someone who lacks something."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.environment import environment

ROOT = Path(__file__).parents[2]
NOBODY = 65534
# Of all that a script may find, in a folder without sudo.
COMMANDS = ("bash", "comm", "grep", "sed", "sort", "true")
SCRIPT = """
say() { echo "$*"; }
fail() { echo "$*"; exit 1; }
dpkg-query() { :; }
install_missing <(echo libwanted) "a moment"
"""


def told(folder: Path, sudo: str | None) -> str:
    """What a user who is not root and lacks a package is told, with such a `sudo`."""
    for command in COMMANDS:
        found = shutil.which(command)
        assert found
        (folder / command).symlink_to(found)
    if sudo is not None:
        (folder / "sudo").write_text(f"#!{folder}/bash\n{sudo}\n")
        (folder / "sudo").chmod(0o755)
    for path in (folder, *folder.parents):
        if not path.stat().st_mode & 0o1:
            path.chmod(path.stat().st_mode | 0o711)
    done = subprocess.run(
        [str(folder / "bash"), "-c", (ROOT / "tools/setup/apt.sh").read_text() + SCRIPT],
        env=environment({"PATH": str(folder)}),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=NOBODY if os.geteuid() == 0 else None,
    )
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout


def test_who_has_sudo_is_told_to_use_it(tmp_path: Path) -> None:
    assert told(tmp_path, sudo="exit 1") == (
        "system packages are missing, please run:\n"
        "    sudo apt-get install --no-install-recommends libwanted\n"
        "and then this command again\n"
    )


def test_who_has_no_sudo_is_told_to_ask_root(tmp_path: Path) -> None:
    assert told(tmp_path, sudo=None) == (
        "system packages are missing, please have root run:\n"
        "    apt-get install --no-install-recommends libwanted\n"
        "and then this command again\n"
    )
