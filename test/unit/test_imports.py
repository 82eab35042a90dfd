"""The shared package is a house of three floors; each of its sentences is held here."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.imports import modules_after

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python/liftwing_serving"
NAME = "liftwing_serving"

ROOMS = {"events", "mediawiki", "server", "workers"}
FAMILIES = {"ores", "outlink", "plain", "revscoring"}
COMMAND_LINE = {"cli"}
# Of the ground, what is too large for a module.
CELLARS = {"cache"}
UPSTAIRS = ROOMS | FAMILIES | COMMAND_LINE

MODULES = sorted(PACKAGE.rglob("*.py"))
SERVERS = sorted([*ROOT.glob("*/model-server/*.py"), *ROOT.glob("*/*/model-server/*.py")])


def part_of(path: Path) -> str:
    """The room or family that a file belongs to, or the module of the ground that it is."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def names_imported_by(path: Path) -> Iterator[tuple[str, str | None]]:
    """Module and name of each import, at the top or within a function; no name for a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def parts_imported_by(path: Path) -> set[str]:
    """First names below the package: rooms, families, modules of the ground."""
    parts = set()
    for module, name in names_imported_by(path):
        below = module.split(".")[1:] if module.split(".")[0] == NAME else None
        if below:
            parts.add(below[0])
        elif below is not None and name and name != "__version__":
            parts.add(name)
    return parts


def culprits(paths: list[Path], allowed: set[str]) -> list[str]:
    """Each import of another part than those, as a sentence."""
    return [
        f"{path.relative_to(PACKAGE)} imports {part}"
        for path in paths
        for part in sorted(parts_imported_by(path) - allowed - {part_of(path)})
    ]


GROUND = {part_of(path) for path in MODULES} - UPSTAIRS


def files_of(parts: set[str]) -> list[Path]:
    return [path for path in MODULES if part_of(path) in parts]


def test_the_ground_stands_on_nothing_but_itself() -> None:
    assert culprits(files_of(GROUND), GROUND) == []


def test_no_room_imports_another() -> None:
    assert culprits(files_of(ROOMS), GROUND) == []


def test_families_stand_on_the_rooms_and_not_on_one_another() -> None:
    assert culprits(files_of(FAMILIES), GROUND | ROOMS) == []


def test_everything_above_the_ground_is_a_room_a_family_or_the_command_line() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == UPSTAIRS | CELLARS


@pytest.mark.parametrize("part", sorted(ROOMS | FAMILIES | CELLARS))
def test_a_face_hands_on_what_it_promises(part: str) -> None:
    face = importlib.import_module(f"{NAME}.{part}")
    assert face.__all__ == sorted(face.__all__)
    assert [name for name in face.__all__ if not hasattr(face, name)] == []


def test_names_of_a_room_are_taken_from_its_face() -> None:
    inside = [
        f"{path.relative_to(ROOT)} takes {name or 'all'} from {module}"
        for path in [*MODULES, *SERVERS]
        for module, name in names_imported_by(path)
        for part in ROOMS | FAMILIES | CELLARS
        if module.startswith(f"{NAME}.{part}")
        and not (path.is_relative_to(PACKAGE) and part_of(path) == part)
        and not (module == f"{NAME}.{part}" and name in importlib.import_module(module).__all__)
    ]
    assert inside == []


@pytest.mark.parametrize(
    ("room", "stranger"),
    [
        ("workers", "kserve"),
        ("workers", "aiohttp"),
        ("workers", "mwapi"),
        ("mediawiki", "kserve"),
        ("events", "kserve"),
        ("server", "aiohttp"),
        ("server", "revscoring"),
    ],
)
def test_a_room_knows_nothing_of_what_is_not_its_affair(room: str, stranger: str) -> None:
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {module}"
        for path in files_of({room})
        for module, _ in names_imported_by(path)
        if module.split(".")[0] == stranger
    ]
    assert wrong == []


def test_a_model_server_takes_nothing_but_its_family() -> None:
    for path in SERVERS:
        folder = path.relative_to(ROOT).parts[0]
        of_plain = (ROOT / folder / "requirements.in").exists()
        allowed = {"plain"} | GROUND if of_plain else {folder.removesuffix("-transformer")}
        assert parts_imported_by(path) <= allowed, path


def test_a_service_folder_never_shadows_the_revscoring_library() -> None:
    assert not (ROOT / "revscoring/__init__.py").exists()


def test_the_project_does_not_depend_on_the_demo() -> None:
    wrong = [
        f"{path} imports {module}"
        for folder in (PACKAGE, ROOT / "revscoring")
        for path in folder.rglob("*.py")
        for module, _ in names_imported_by(path)
        if module.startswith("liftwing_demo")
    ]
    assert wrong == []


def test_only_settings_read_the_environment() -> None:
    # A template hands its environment on to its workers, and OMP_NUM_THREADS is set for libraries.
    exceptions = {"preloading.py", "revscoring/startup.py"}
    readers = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    assert readers == exceptions


def test_the_server_process_never_imports_the_revscoring_library() -> None:
    imported = modules_after("liftwing_serving.revscoring, liftwing_serving.server.lifecycle")
    assert imported & {"revscoring", "sklearn", "nltk"} == set()


def test_a_family_starts_its_template_before_it_imports_what_takes_long() -> None:
    imported = modules_after("liftwing_serving.revscoring.serving")
    assert imported & {"aiohttp", "kserve", "prometheus_client", "pydantic"} == set()
