"""What a new plain family consists of: its own files, and its entries in those that list all.

Its own files are the templates of tools/new, with its name for NAME. What builds and publishes its
image is made from what does so for the leanest image that there is.
"""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATES = "tools/new"
PLACEHOLDER = re.compile(r"\bNAME\b")
CONFIG = ".pipeline/config.yaml"
JENKINS = "deploy/jjb/project-pipelines.yaml"
ZUUL = "deploy/zuul/layout.yaml"

# Its image holds Python, locked packages, the shared package and a server.
LEANEST = "outlink-transformer"
LEANEST_SPEC = ".pipeline/outlink/transformer.yaml"
_SAID = re.compile(
    r"the outlink transformer|outlink/transformer|outlink-transformer|transformer\.py"
)

# So that no line of a template becomes too long.
MAX_LENGTH = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# X-publish is a pipeline of the image X, and X-test its test variant; git ignores build/.
_TAKEN = re.compile(r"build|.*-(publish|test)")


class CannotAdd(Exception):
    """Why there can be no such family, or not here."""


def find_checkout(folder: Path) -> Path:
    """The checkout that a folder is in. Raises CannotAdd."""
    for root in (folder, *folder.parents):
        if (root / CONFIG).is_file() and (root / TEMPLATES).is_dir():
            return root
    raise CannotAdd(f"{folder} is in no checkout of the inference services.")


def new_files(root: Path, name: str) -> dict[str, str]:
    """The texts of the files that the family adds, by path. Raises CannotAdd."""
    _check_name(name)
    test_folder = name.replace("-", "_")
    for path in (name, f".pipeline/{name}", f"test/unit/{test_folder}"):
        if (root / path).exists():
            raise CannotAdd(f"{path} is there already.")
    files = {f".pipeline/{name}/blubber.yaml": _renamed((root / LEANEST_SPEC).read_text(), name)}
    for template in sorted((root / TEMPLATES).rglob("*")):
        path = str(template.relative_to(root / TEMPLATES))
        if template.is_file() and "__pycache__" not in path:
            path = path.replace("test/unit/NAME", f"test/unit/{test_folder}")
            files[PLACEHOLDER.sub(name, path)] = PLACEHOLDER.sub(name, template.read_text())
    return files


def changed_files(root: Path, name: str) -> dict[str, str]:
    """The new texts of the files that list all images, by path. Raises CannotAdd."""
    changes = {CONFIG: _with_pipelines, JENKINS: _with_items, ZUUL: _with_jobs}
    texts = {}
    for path, change in changes.items():
        text = (root / path).read_text()
        texts[path] = change(text, name)
        if texts[path] == text:
            raise CannotAdd(f"{path} has no entry of {LEANEST} to go by.")
    return texts


def write(root: Path, texts: dict[str, str]) -> None:
    """Write files and the folders that they are in. Raises OSError."""
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_LENGTH:
        raise CannotAdd(
            "A name starts with a letter and has lower-case letters, digits and single hyphens, "
            f"at most {MAX_LENGTH} in all: edit-summary, for example."
        )
    if _TAKEN.fullmatch(name):
        raise CannotAdd("Neither `build` nor a name that ends in -publish or -test can be used.")


def _renamed(text: str, name: str) -> str:
    """What is said of the leanest image, said of the family's."""
    others = {"outlink/transformer": f"{name}/blubber", "transformer.py": "model.py"}
    return _SAID.sub(lambda found: others.get(found[0], name), text)


def _with_pipelines(text: str, name: str) -> str:
    """The pipeline file with the family's two pipelines at its end."""
    blocks = re.findall(rf"^  {LEANEST}(?:-publish)?:\n(?:    .*\n)+", text, re.M)
    return text + "".join(_renamed(block, name) for block in blocks)


def _with_items(text: str, name: str) -> str:
    """Lists of names; those that have the leanest image's get the family's at their end."""

    def longer(found: re.Match[str]) -> str:
        items = re.findall(rf"^.*(?:- |-pipeline-){LEANEST}(?:-publish)?\n", found[0], re.M)
        return found[0] + "".join(_renamed(item, name) for item in items)

    return re.sub(r"(?:^      - .*\n)+", longer, text, flags=re.M)


def _with_jobs(text: str, name: str) -> str:
    """Zuul's layout with the family's jobs after the others, and in the lists of jobs."""
    job = rf"^  - name: \S+-pipeline-{LEANEST}(?:-publish)?\$\n(?:    .*\n)+"
    entries = "".join(f"\n{_renamed(entry, name)}" for entry in re.findall(job, text, re.M))
    return _with_items(text.replace("\nprojects:\n", f"{entries}\nprojects:\n"), name)
