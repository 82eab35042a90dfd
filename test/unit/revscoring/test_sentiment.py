"""Sentiments of words: NLTK's own, looked up once, in files of which no two workers share one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.environment import environment
from support.sentiments import write_sentiwordnet, write_wordnet

WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqrst"]
# In a process of its own: NLTK keeps what it has loaded. `stock` is before anything is installed.
BEFORE = """
import json, sys
from nltk.corpus import sentiwordnet, wordnet
from liftwing_serving.revscoring import sentiment
WORDS = json.loads(sys.argv[1])
def scores():
    return [[(s.pos_score(), s.neg_score()) for s in sentiwordnet.senti_synsets(word)][:1]
            for word in WORDS]
stock = scores() if "stock" in sys.argv else None
"""


def told(nltk_data: Path, code: str, *arguments: str) -> Any:
    """What the code prints."""
    alone = environment({"NLTK_DATA": str(nltk_data), "HOME": str(nltk_data)})
    command = [sys.executable, "-W", "ignore", "-c", BEFORE + code]
    words = json.dumps([*WORDS, "unknown", "WORDA", "wordas", "x" * 100])
    done = subprocess.run([*command, words, *arguments], env=alone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def corpora(folder: Path) -> Path:
    write_sentiwordnet(folder, write_wordnet(folder, WORDS))
    return folder


def test_sentiments_are_those_of_nltk(tmp_path: Path) -> None:
    code = "sentiment.install(); print(json.dumps([stock, scores(), scores()]))"
    stock, first, again = told(corpora(tmp_path), code, "stock")
    assert stock == first == again
    assert len({str(scores) for scores in stock}) > 10 and [] in stock


def test_no_file_is_open_when_workers_are_forked(tmp_path: Path) -> None:
    code = """
sentiment.install()
import os
print(json.dumps([os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                  if os.path.exists(f"/proc/self/fd/{fd}")]))
"""
    assert [path for path in told(corpora(tmp_path), code) if "wordnet" in path] == []


def test_a_word_is_looked_up_once_and_leaves_no_synsets_behind(tmp_path: Path) -> None:
    code = """
asked = []
synsets = wordnet.synsets
def counted(word, *rest, **named):
    asked.append(word)
    return synsets(word, *rest, **named)
wordnet.synsets = counted
sentiment.install()
scores(); scores()
print(json.dumps([len(asked), sum(map(len, wordnet._synset_offset_cache.values()))]))
"""
    # All but the word of 100 letters, which is too long to be kept.
    assert told(corpora(tmp_path), code) == [len(WORDS) + 3 + 2, 0]


def test_missing_corpora_are_named_with_their_variable(tmp_path: Path) -> None:
    code = """
try:
    sentiment.install()
except sentiment.CorpusMissing as error:
    print(json.dumps(str(error)))
"""
    write_wordnet(tmp_path, WORDS)
    assert told(tmp_path, code).startswith("NLTK_DATA: wordnet and sentiwordnet")
