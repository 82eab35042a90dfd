"""What `make run` starts: a demo wiki, demo models, a model server, and a first score."""

from __future__ import annotations

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.items import build_items, items_are_current
from liftwing_demo.listening import FLAGS, CannotListen, Listening
from liftwing_demo.mediawiki import (
    MediaWikiError,
    install_mediawiki,
    mediawiki_is_current,
    require_packages,
)
from liftwing_demo.training import Suite, models_are_current, train_models
from liftwing_demo.training.record import EMBEDDINGS
from liftwing_demo.training.suites import EDITQUALITY
from liftwing_demo.wiki import build_wiki, wiki_is_current
from liftwing_demo.wiki.sites import WIKIDATA, WIKIPEDIA

START_SECONDS = 120.0
REVISIONS_PER_ITEM = 4
"""A wiki of so many made-up edits comes with one item."""

console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


class WikiKind(StrEnum):
    """Which program answers for the demo wiki."""

    EMBEDDED = "embedded"
    MEDIAWIKI = "mediawiki"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo keeps its files, what it listens on, how much it makes up, what it serves."""

    folder: Path
    listening: Listening = Listening()
    revisions: int | None = None
    wiki: WikiKind = WikiKind.EMBEDDED
    suite: Suite = EDITQUALITY

    @property
    def wiki_file(self) -> Path:
        """The demo wiki."""
        return self.folder / "wiki.sqlite"

    @property
    def items_file(self) -> Path:
        """The wiki of items."""
        return self.folder / "items.sqlite"

    @property
    def items(self) -> int | None:
        """How many items there are to be, if not as many as there are by default."""
        return None if self.revisions is None else max(8, self.revisions // REVISIONS_PER_ITEM)

    @property
    def stores(self) -> dict[str, Path]:
        """The wikis' files by their databases' names."""
        return {WIKIPEDIA.database: self.wiki_file, WIKIDATA.database: self.items_file}

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
    if demo.wiki is WikiKind.MEDIAWIKI and demo.suite.site == WIKIDATA:
        raise DemoError("MediaWiki has no items; the embedded wiki has (WIKI=embedded).")
    prepare(demo, [demo.suite])
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


def prepare(demo: Demo, suites: Sequence[Suite] = (EDITQUALITY,)) -> bool:
    """Build the wikis and train the models of suites, as far as a former start left none.

    Tells whether there was anything to do. Raises DemoError if MediaWiki cannot be had.
    """
    built = prepare_wiki(demo)
    if any(suite.site == WIKIDATA for suite in suites):
        built |= prepare_items(demo)
    stale = [
        suite
        for suite in suites
        if not models_are_current(suite, demo.stores[suite.site.database], demo.models)
    ]
    if stale:
        with progress_bars() as report:
            train_models(demo.stores, stale, demo.models, report)
    return built or bool(stale)


def prepare_wiki(demo: Demo) -> bool:
    """Build the wiki unless a good one is there, and tell whether there was anything to do.

    Raises DemoError if MediaWiki cannot be had.
    """
    built = not wiki_is_current(demo.wiki_file, demo.revisions)
    if built:
        with progress_bars() as report:
            build_wiki(demo.wiki_file, demo.revisions, report)
    if demo.wiki is not WikiKind.MEDIAWIKI:
        return built
    try:
        require_packages()
        if not mediawiki_is_current(demo.wiki_file, demo.mediawiki):
            built = True
            with progress_bars() as report:
                install_mediawiki(demo.wiki_file, demo.mediawiki, report)
    except MediaWikiError as error:
        raise DemoError(str(error)) from None
    return built


def prepare_items(demo: Demo) -> bool:
    """Build the wiki of items unless a good one is there, and tell whether there was to."""
    if items_are_current(demo.items_file, demo.items):
        return False
    with progress_bars() as report:
        build_items(demo.items_file, demo.items, report)
    return True


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A function of (what, done, total) that shows a bar for each `what`."""
    columns = (
        TextColumn("{task.description:>24}"),
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
        if demo.suite.site == WIKIDATA:
            what += ["--db", str(demo.items_file)]
    listen = ["--host", str(demo.listening.host), "--port", str(demo.listening.wiki)]
    children.start("wiki", [sys.executable, "-m", *what, *listen], {})


def start_server(children: Children, demo: Demo) -> None:
    """Start the model server as production does: its model.py and the environment."""
    suite = demo.suite
    kinds = [recipe.kind for recipe in suite.recipes]
    alone = demo.models / suite.service(kinds[0]) / suite.recipes[0].file
    environment = {
        "INFERENCE_NAME": ",".join(map(suite.service, kinds)),
        "MODEL_PATH": str(alone if len(kinds) == 1 else demo.models),
        "WIKI_URL": demo.listening.wiki_url,
        "KSERVE_LOGLEVEL": "WARNING",
        "FRAMEWORK_LOG_LEVEL": "WARNING",
        # Nobody balances load over a demo.
        "DRAIN_DELAY_SECONDS": "0",
    }
    if suite.site == WIKIDATA:
        environment["WIKI_HOST"] = suite.site.host
    if suite.embedding:
        environment["WORD2VEC_PATH"] = str(demo.models / EMBEDDINGS)
    host, http, grpc = demo.listening.host, demo.listening.http, demo.listening.grpc
    listen = ["--host", str(host), "--http_port", str(http), "--grpc_port", str(grpc)]
    program = ROOT / "revscoring" / suite.folder / "model-server/model.py"
    command = [sys.executable, str(program), *listen]
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
    suite = demo.suite
    url = f"{demo.listening.http_url}/v1/models/{suite.service(suite.example)}:predict"
    body = json.dumps({"rev_id": suite.rev_id})
    kinds = ", ".join(recipe.kind for recipe in suite.recipes)
    console.print(f"Ready after {seconds:.1f} s, serving {kinds}. Ask for a score:\n")
    console.print(f"  [bold]curl {url} -d '{body}'[/bold]\n")
    request = urllib.request.Request(url, data=body.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        console.print(f"  {response.read().decode()}", markup=False)


def _stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
