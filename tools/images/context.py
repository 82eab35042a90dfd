"""A copy of what builds read of a checkout, to be changed."""

from __future__ import annotations

import pathlib
import shutil
import time

from inventory import PIPELINE, ROOT, images

SHARED = ("python", "requirements", "build/nltk_data", PIPELINE, ".dockerignore")


def copy_context(target: pathlib.Path) -> pathlib.Path:
    """Copy what the images' builds read; return the folder."""
    servers = {image.folder.partition("/")[0] for image in images().values()}
    for name in (*SHARED, *servers):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name)
        else:
            shutil.copy2(ROOT / name, target / name)
    return target


def change_source(context: pathlib.Path) -> None:
    """Add a line to the shared package that was never there before."""
    with (context / "python/liftwing_serving/errors.py").open("a") as source:
        source.write(f"# {time.time()}\n")
