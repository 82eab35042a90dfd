"""Surroundings of all tests."""

import os
from pathlib import Path

# What `make setup` prepared, so that a plain `pytest` works too.
os.environ.setdefault("NLTK_DATA", str(Path(__file__).parents[1] / "build/nltk_data"))
