"""What `make run` starts: a demo wiki, demo models, a model server, and a first score."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from liftwing_serving.revscoring import families
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from liftwing_demo.checkout import model_server
from liftwing_demo.children import Children
from liftwing_demo.listening import FLAGS, CannotListen, Listening
from liftwing_demo.mediawiki import (
    MediaWikiError,
    install_mediawiki,
    mediawiki_is_current,
    require_packages,
)
from liftwing_demo.training import models_are_current
from liftwing_demo.wiki import build_wiki, wiki_is_current

FAMILY = families.EDITQUALITY
FIRST_REVISION = 1000001
START_SECONDS = 120.0

console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


class WikiKind(StrEnum):
    """Which program answers for the demo wiki."""

    EMBEDDED = "embedded"
    MEDIAWIKI = "mediawiki"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo keeps its files, what it listens on and how much it makes up."""

    folder: Path
    listening: Listening = Listening()
    revisions: int | None = None
    wiki: WikiKind = WikiKind.EMBEDDED

    @property
    def wiki_file(self) -> Path:
        """The demo wiki."""
        return self.folder / "wiki.sqlite"

    @property
    def mediawiki(self) -> Path:
        """The folder of the MediaWiki that is filled from the demo wiki."""
        return self.folder / "mediawiki"

    @property
    def models(self) -> Path:
        """The folder of the demo models."""
        return self.folder / "models"


def run(demo: Demo, setters: Mapping[str, str] = FLAGS) -> None:
    """Prepare what is missing, start everything, show a score, wait.

    Raises DemoError; where a port is the reason, it names which of the `setters` sets another.
    """
    # A shell that starts it in the background has SIGINT ignored, unless it is asked for.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        demo.listening.require_free(setters)
    except CannotListen as error:
        raise DemoError(str(error)) from None
    prepare(demo)
    with Children() as children:
        started = time.monotonic()
        start_wiki(children, demo)
        start_server(children, demo)
        wait_until_ready(children, demo)
        show_score(demo, time.monotonic() - started)
        console.print("\nCtrl-C stops wiki and server.")
        while not (ended := children.ended()):
            time.sleep(0.2)
        raise DemoError(f"The {ended} ended by itself.")


def prepare(demo: Demo) -> None:
    """Build the wiki and train the models, unless a former start left good ones."""
    prepare_wiki(demo)
    if not models_are_current(demo.wiki_file, demo.models, FAMILY.kinds):
        # revscoring's import warns of setuptools, here and in each process that extracts.
        os.environ.setdefault("PYTHONWARNINGS", "ignore:pkg_resources is deprecated:UserWarning")
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        # Imports revscoring, which takes seconds that a later start does not have to spend.
        from liftwing_demo.training.train import train_models

        with progress_bars() as report:
            train_models(demo.wiki_file, demo.models, FAMILY.kinds, report)


def prepare_wiki(demo: Demo) -> None:
    """Build the wiki unless a good one is there. Raises DemoError if MediaWiki cannot be had."""
    if not wiki_is_current(demo.wiki_file, demo.revisions):
        with progress_bars() as report:
            build_wiki(demo.wiki_file, demo.revisions, report)
    if demo.wiki is not WikiKind.MEDIAWIKI:
        return
    try:
        require_packages()
        if not mediawiki_is_current(demo.wiki_file, demo.mediawiki):
            with progress_bars() as report:
                install_mediawiki(demo.wiki_file, demo.mediawiki, report)
    except MediaWikiError as error:
        raise DemoError(str(error)) from None


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function of (what, done, total) that shows a bar for each `what`."""
    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, int] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=total)
            progress.update(bars[what], completed=done, total=total)  # type: ignore[arg-type]

        yield report


def start_wiki(children: Children, demo: Demo) -> None:
    """Start the embedded wiki or MediaWiki."""
    if demo.wiki is WikiKind.MEDIAWIKI:
        what = ["liftwing_demo.mediawiki.serve", "--dir", str(demo.mediawiki)]
    else:
        what = ["liftwing_demo.wiki.server", "--db", str(demo.wiki_file)]
    listen = ["--host", str(demo.listening.host), "--port", str(demo.listening.wiki)]
    children.start("wiki", [sys.executable, "-m", *what, *listen], {})


def start_server(children: Children, demo: Demo) -> None:
    """Start the model server as production does: its model.py and the environment."""
    environment = {
        "INFERENCE_NAME": ",".join(f"enwiki-{model}" for model in FAMILY.kinds),
        "MODEL_PATH": str(demo.models),
        "WIKI_URL": demo.listening.wiki_url,
        "KSERVE_LOGLEVEL": "WARNING",
        "FRAMEWORK_LOG_LEVEL": "WARNING",
        # Nobody balances load over a demo.
        "DRAIN_DELAY_SECONDS": "0",
    }
    host, http, grpc = demo.listening.host, demo.listening.http, demo.listening.grpc
    listen = ["--host", str(host), "--http_port", str(http), "--grpc_port", str(grpc)]
    command = [sys.executable, str(model_server(FAMILY)), *listen]
    children.start("model server", command, environment)


def wait_until_ready(children: Children, demo: Demo) -> None:
    """Wait for the models to be loaded. Raises DemoError if something ends before."""
    give_up = time.monotonic() + START_SECONDS
    with console.status("starting wiki and model server"):
        while time.monotonic() < give_up:
            if ended := children.ended():
                raise DemoError(f"The {ended} could not start; its message is above.")
            try:
                with urllib.request.urlopen(f"{demo.listening.http_url}/v2/health/ready"):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
    raise DemoError(f"The model server was not ready after {START_SECONDS:g} seconds.")


def show_score(demo: Demo, seconds: float) -> None:
    """Print a curl line that works as pasted, and its answer."""
    url = f"{demo.listening.http_url}/v1/models/enwiki-{FAMILY.example}:predict"
    body = json.dumps({"rev_id": FIRST_REVISION})
    console.print(
        f"Ready after {seconds:.1f} s, serving {', '.join(FAMILY.kinds)}. Ask for a score:\n"
    )
    console.print(f"  [bold]curl {url} -d '{body}'[/bold]\n")
    request = urllib.request.Request(url, data=body.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        console.print(f"  {response.read().decode()}", markup=False)


def _stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
