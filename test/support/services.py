"""The services that integration tests start: their models and environments."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support.environment import environment
from support.processes import FAMILY, ROOT, ModelServer, Wiki

MODELS = tuple(f"enwiki-{kind}" for kind in FAMILY.kinds)

Start = Callable[..., ModelServer]


def make_models(wanted: Mapping[str, tuple[str, str]]) -> None:
    """Write models by path, each from a wiki's feature list; in a process of its own.

    revscoring in the test process would slow its forks down and let its warnings through.
    """
    code = (
        "import importlib, json, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from pathlib import Path\n"
        "from support.models import write_model\n"
        "for seed, (path, (wiki, kind)) in enumerate(json.loads(sys.argv[1]).items()):\n"
        "    lists = importlib.import_module(f'editquality.feature_lists.{wiki}')\n"
        "    write_model(Path(path), getattr(lists, kind), seed)\n"
    )
    command = [sys.executable, "-c", code, json.dumps(wanted)]
    subprocess.run(command, cwd=ROOT / "test", env=environment(), check=True)


def make_model(write: str, path: Path) -> None:
    """Write a model by one of the functions of support.models; in a process of its own too."""
    code = (
        "import sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from pathlib import Path\n"
        "from support import models\n"
        "getattr(models, sys.argv[1])(Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", code, write, str(path)]
    subprocess.run(command, cwd=ROOT / "test", env=environment(), check=True)


def environment_for(
    models: str, files: dict[str, Path], wiki: Wiki, extra: Mapping[str, Any]
) -> dict[str, str]:
    path = files[models] if models in files else files[MODELS[0]].parents[1]
    settings = {"INFERENCE_NAME": models, "MODEL_PATH": str(path), "WIKI_URL": wiki.url}
    return settings | {name: str(value) for name, value in extra.items()}
