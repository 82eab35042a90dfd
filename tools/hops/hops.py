"""Which functions of ours a request for one score passes, from socket to socket.

Starts the demo wiki and a server whose processes write down each call, asks for a few scores one
after another, and prints the functions that every one of them passed, each with the first line of
its docstring. Comprehensions and lambdas belong to the function they stand in. `--checkout` names
another checkout to measure, say an older commit in a worktree with a `.venv` of its own.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from liftwing_demo.checkout import ROOT, model_server
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo
from liftwing_demo.run import prepare
from liftwing_serving.revscoring import families
from rich.console import Console
from rich.table import Table

HOOK = Path(__file__).parent / "hook"
FAMILY = families.EDITQUALITY
MODEL = f"enwiki-{FAMILY.example}"
FIRST_REVISION = 1_000_001
REVISIONS = 3
START_SECONDS = 120.0

# In the server or in a worker, a file of the package, a qualified name.
Function = tuple[str, str, str]
# When it was called, and by which process.
Call = tuple[float, str, str, str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, default=ROOT, help="default: this one")
    parser.add_argument("--demo", type=Path, default=Path("build/demo"), help="the demo's folder")
    options = parser.parse_args()
    demo = Demo(options.demo)
    prepare(demo)
    checkout = options.checkout.resolve()
    show(passed_functions(checkout, demo), checkout / "python/liftwing_serving")


def passed_functions(checkout: Path, demo: Demo) -> list[Function]:
    """Each function, in the order of its first call."""
    with tempfile.TemporaryDirectory() as folder, Children() as children:
        wiki_port, port, grpc_port = ports = [free_port() for _ in range(3)]
        assert len(set(ports)) == 3
        wiki = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(demo.wiki_file)]
        children.start("wiki", [*wiki, "--port", str(wiki_port)], {})
        environment = {
            "INFERENCE_NAME": MODEL,
            "MODEL_PATH": str((demo.models / MODEL / "model.bin").resolve()),
            "WIKI_URL": f"http://127.0.0.1:{wiki_port}",
            "ASYNCIO_AUX_WORKERS": "1",
            "PYTHONPATH": str(HOOK),
            "HOPS_PACKAGE": str(checkout / "python/liftwing_serving") + "/",
            "HOPS_FOLDER": folder,
        }
        server = model_server(FAMILY, checkout)
        flags = ["--http_port", str(port), "--grpc_port", str(grpc_port)]
        children.start(
            "model server", [str(checkout / ".venv/bin/python"), str(server), *flags], environment
        )
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url)
        spans = [score(url, FIRST_REVISION + number) for number in range(REVISIONS + 1)]
        calls = sorted(calls_in(Path(folder)))
    # The first score also loads what is loaded once.
    passed = [functions_within(calls, span) for span in spans[1:]]
    return [function for function in passed[0] if all(function in other for other in passed)]


def wait_until_ready(url: str) -> None:
    """Raises TimeoutError."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        try:
            urllib.request.urlopen(f"{url}/v2/health/ready").close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the server does not become ready")


def score(url: str, rev_id: int) -> tuple[float, float]:
    """Ask for one score; returns when it was asked and when it was all over, with a moment more."""
    body = json.dumps({"rev_id": rev_id}).encode()
    started = time.monotonic()
    urllib.request.urlopen(f"{url}/v1/models/{MODEL}:predict", body).close()
    time.sleep(0.3)
    return started, time.monotonic()


def calls_in(folder: Path) -> Iterator[Call]:
    """Each call that was written down."""
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            moment, path, name = line.split("\t")
            yield float(moment), file.name, path.rpartition("liftwing_serving/")[2], name


def functions_within(calls: list[Call], span: tuple[float, float]) -> list[Function]:
    """What was called in a span of time, each function once in each kind of process."""
    begun, ended = span
    within = [call for call in calls if begun <= call[0] <= ended and not call[3].endswith(">")]
    # A request is first seen by the server.
    server = within[0][1]
    return list(
        dict.fromkeys(
            ("server" if process == server else "worker", file, name)
            for _, process, file, name in within
        )
    )


def purposes(file: Path) -> dict[str, str]:
    """The first line of each documented function's docstring, by qualified name."""
    found = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = prefix + child.name
                found[name] = (ast.get_docstring(child) or "").partition("\n")[0]
                inside = "" if isinstance(child, ast.ClassDef) else "<locals>."
                visit(child, f"{name}.{inside}")

    visit(ast.parse(file.read_text()), "")
    return found


def show(functions: list[Function], package: Path) -> None:
    """A table, and the numbers of each kind of process."""
    files = {file: purposes(package / file) for _, file, _ in functions}
    table = Table("", "process", "file", "function", "what for")
    for number, (process, file, name) in enumerate(functions, 1):
        table.add_row(str(number), process, file, name, files[file].get(name, ""))
    console = Console()
    console.print(table)
    for process in ("server", "worker"):
        inside = [file for where, file, _ in functions if where == process]
        console.print(f"{process}: {len(inside)} functions in {len(set(inside))} files")
    distinct = {(file, name) for _, file, name in functions}
    console.print(f"together {len(distinct)} functions in {len(files)} files")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tools/bench"))
    from server import free_port

    main()
