"""What each plain family has. There may be none; test_new.py runs this where there are two."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import plain_images  # noqa: E402

PLAIN = plain_images().values()


def names(requirements: Iterable[str]) -> set[str]:
    """Of the packages on lines such as `scikit-learn==1.2.2`; comments have none."""
    found = (re.match(r"[\w.-]+", line) for line in requirements)
    return {it[0].lower().replace("_", "-") for it in found if it}


def test_a_lock_holds_the_familys_packages_and_those_of_the_shared_package() -> None:
    project = tomllib.loads((ROOT / "python/pyproject.toml").read_text())["project"]
    for image in PLAIN:
        own = (ROOT / image.requirements).read_text().splitlines()
        locked = names((ROOT / image.lock).read_text().splitlines())
        assert names([*project["dependencies"], *own]) - locked == set(), "run `make locks`"


def test_a_family_has_a_handler_a_model_card_and_tests() -> None:
    for image in PLAIN:
        server = ROOT / image.server
        assert {"handler.py", "model.py", "README.md"} <= {path.name for path in server.iterdir()}
        tests = ROOT / "test/unit" / image.name.replace("-", "_")
        assert list(tests.glob("test_*.py")), image.name
