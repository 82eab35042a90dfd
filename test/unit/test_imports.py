"""Imports point one way, so that each image carries only what it needs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from support.environment import environment

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python/liftwing_serving"

# A module may import from its own layer's list and from the layers below; see CONTRIBUTING.md.
LAYERS = [
    ["errors", "cgroups", "metrics", "__init__"],
    [
        "settings",
        "deadline",
        "documents",
        "frames",
        "outbound",
        "logs",
        "corpora",
        "requests",
        "payloads",
        "events",
    ],
    [
        "worker",
        "jobs",
        "workerlink",
        "template",
        "pool",
        "mediawiki",
        "eventgate",
        "openinference",
        "scoreclient",
    ],
    ["rest", "grpc_server", "server"],
    ["revscoring"],
    ["cli"],
]


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports_of(path: Path) -> set[str]:
    """First names below liftwing_serving that a file imports."""
    names = (name.split(".") for name in imports_of(path))
    return {
        parts[1]
        for parts in names
        if parts[0] == "liftwing_serving" and len(parts) > 1 and parts[1] != "__version__"
    }


def layer_of(module: str) -> int:
    return next(index for index, layer in enumerate(LAYERS) if module in layer)


def test_every_module_has_a_layer() -> None:
    modules = {module_of(path) for path in PACKAGE.rglob("*.py")}
    assert modules <= {module for layer in LAYERS for module in layer}


def test_no_module_imports_from_a_layer_above() -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in PACKAGE.rglob("*.py")
        for name in own_imports_of(path)
        if layer_of(name) > layer_of(module_of(path))
    ]
    assert wrong == []


def test_the_pool_knows_nothing_of_mediawiki_nor_kserve() -> None:
    for module in ("pool", "jobs", "workerlink", "template", "worker", "frames"):
        names = set(imports_of(PACKAGE / f"{module}.py"))
        assert not any("mediawiki" in name or name.startswith("kserve") for name in names)


def test_the_mediawiki_client_knows_nothing_of_kserve_nor_the_pool() -> None:
    for path in (PACKAGE / "mediawiki").glob("*.py"):
        names = set(imports_of(path))
        assert not any("pool" in name or name.startswith("kserve") for name in names)


def test_families_do_not_import_one_another() -> None:
    for path in (ROOT / "revscoring").rglob("*.py"):
        assert own_imports_of(path) <= {"revscoring"}


def test_a_service_folder_never_shadows_the_revscoring_library() -> None:
    assert not (ROOT / "revscoring/__init__.py").exists()


def test_the_project_does_not_depend_on_the_demo() -> None:
    for folder in (PACKAGE, ROOT / "revscoring"):
        for path in folder.rglob("*.py"):
            assert not any(name.startswith("liftwing_demo") for name in imports_of(path))


def test_the_server_process_never_imports_the_revscoring_library() -> None:
    code = (
        "import sys; import liftwing_serving.revscoring.model, liftwing_serving.revscoring.serve;"
        "print([name for name in ('revscoring', 'sklearn', 'nltk') if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=environment(),
    )
    assert run.stdout.strip() == "[]"
