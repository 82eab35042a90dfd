"""Libraries that guess guess the same each time, and none writes to the log on its own."""

from __future__ import annotations

import subprocess
import sys

from support.environment import environment

# Without a seed the probabilities of this text differ from one call to the next.
GUESSES = """
from langdetect import detect_langs
from liftwing_serving.revscoring import libraries
if {settled}:
    libraries.settle()
print(*{{str(detect_langs("Hallo, de la Welt")) for _ in range(20)}}, sep="\\n")
"""

HEBREW = """
import enchant
from liftwing_serving.revscoring import libraries
libraries.settle()
print(enchant.Dict("he").provider.name)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )


def test_language_detection_says_the_same_each_time_and_in_each_process() -> None:
    assert len(run(GUESSES.format(settled=False)).stdout.splitlines()) > 1
    guesses = [run(GUESSES.format(settled=True)).stdout.splitlines() for _ in range(2)]
    assert len(guesses[0]) == 1 and guesses[0] == guesses[1]


def test_hebrews_dictionary_is_hunspells_and_says_nothing() -> None:
    asked = run(HEBREW)
    assert (asked.stdout, asked.stderr) == ("hunspell\n", "")
