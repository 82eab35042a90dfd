"""A real MediaWiki for tests: installed if need be, filled from the demo wiki, served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from liftwing_demo.mediawiki import (
    MediaWikiError,
    install_mediawiki,
    mediawiki_is_current,
    require_packages,
)
from support.environment import environment
from support.processes import ROOT, stop

FOLDER = ROOT / "build/test-mediawiki"
"""Kept between runs: it depends on the demo wiki's content only."""


class MediaWiki:
    """A MediaWiki as a process with children of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "liftwing_demo.mediawiki.serve", "--dir", str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line, f"MediaWiki did not start; see {folder}/server.log"
        self.url = line.split()[-1]

    def close(self) -> None:
        stop(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()


def installed(wiki_file: Path) -> Path:
    """The folder of a MediaWiki with the content of a demo wiki.

    Whoever may install packages gets them; for others the tests are skipped.
    """
    try:
        require_packages()
    except MediaWikiError as error:
        if not os.geteuid():
            raise
        pytest.skip(str(error))
    if not mediawiki_is_current(wiki_file, FOLDER):
        install_mediawiki(wiki_file, FOLDER)
    return FOLDER


def php_processes(folder: Path) -> list[int]:
    """Process ids of the PHP servers of that MediaWiki, zombies left out."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes()
        except OSError:
            continue
        if command.startswith(b"php\0-S\0") and str(folder).encode() in command:
            found.append(int(entry.parent.name))
    return found
