"""Ctrl-C while programs are still importing: no traceback, whatever is being imported."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.environment import environment
from support.processes import MODEL_SERVER, ROOT, Wiki

COMMAND = str(Path(sys.executable).parent / "liftwing-serving")
SERVE = [sys.executable, str(MODEL_SERVER)]
NAME = "enwiki-damaging"
# As a shell tells it: by the signal, or by the status that stands for it.
INTERRUPTED = (-signal.SIGINT, 128 + signal.SIGINT)


def interrupted_at(module: str, command: list[str], settings: dict[str, str]) -> tuple[int, str]:
    """Interrupt a program when it has imported a module; its status and what was printed.

    What is printed is read until all that it started has ended too.
    """
    process = subprocess.Popen(
        command,
        # Python tells each module when it is imported.
        env=environment(settings | {"PYTHONPROFILEIMPORTTIME": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        lines = []
        waiting = True
        for line in process.stdout:
            lines.append(line)
            if waiting and line.rpartition("|")[2].strip() == module:
                process.send_signal(signal.SIGINT)
                waiting = False
        assert not waiting, f"{module} was never imported"
        return process.wait(30), "".join(lines)
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.parametrize(
    ("module", "command"),
    [
        # Of the first second of imports, and of KServe's three.
        ("pydantic_core", SERVE),
        ("uvloop", SERVE),
        ("typer", [COMMAND, "services"]),
        ("uvloop", [COMMAND, "serve", NAME, "--wiki-url", "http://127.0.0.1:1"]),
        ("liftwing_demo.children", [COMMAND, "demo", "run"]),
    ],
)
def test_an_interrupted_import_ends_the_program_quietly(
    module: str, command: list[str], model_files: dict[str, Path], wiki: Wiki
) -> None:
    settings = {
        "INFERENCE_NAME": NAME,
        "MODEL_PATH": str(model_files[NAME]),
        "WIKI_URL": wiki.url,
    }
    status, printed = interrupted_at(module, command, settings)
    assert status in INTERRUPTED, printed
    assert "Traceback" not in printed and "KeyboardInterrupt" not in printed, printed
