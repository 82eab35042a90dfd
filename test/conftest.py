"""Surroundings of all tests."""

import os
import signal
from pathlib import Path

from liftwing_serving.revscoring import FAMILIES
from liftwing_serving.revscoring.families import settings_of

# No test sees a setting that it has not made itself.
for setting in settings_of(FAMILIES).model_fields.keys() - {"nltk_data"}:
    os.environ.pop(setting.upper(), None)
# A shell that starts tests in the background has SIGINT ignored, and so would what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Whatever proxy this machine has, the servers of tests are not behind it.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))
# What `make setup` prepared, so that a plain `pytest` works too.
os.environ.setdefault("NLTK_DATA", str(Path(__file__).parents[1] / "build/nltk_data"))
