"""What `make run` starts: a demo wiki, demo models, a model server, and a first score."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo, DemoError, WikiKind
from liftwing_demo.items import build_items, items_are_current
from liftwing_demo.listening import FLAGS, CannotListen
from liftwing_demo.mediawiki import (
    MediaWikiError,
    install_mediawiki,
    mediawiki_is_current,
    require_packages,
)
from liftwing_demo.outlinks import model_is_current
from liftwing_demo.outlinks.serve import question, start_pair
from liftwing_demo.servers import (
    edited_copy,
    start_front,
    start_server,
    start_wiki,
    wait_until_ready,
)
from liftwing_demo.training import Suite, models_are_current, train_models
from liftwing_demo.training.suites import EDITQUALITY
from liftwing_demo.training.tasks import ExtractionFailed
from liftwing_demo.wiki import build_wiki, wiki_is_current
from liftwing_demo.wiki.sites import WIKIDATA

CORPORA = ROOT / "build/nltk_data"
console = Console(highlight=False, soft_wrap=True)


def run(demo: Demo, setters: Mapping[str, str] = FLAGS) -> None:
    """Prepare what is missing, start everything, show a score, wait.

    Raises DemoError; where a port is the reason, it names which of the `setters` sets another.
    """
    stop_at_signals()
    try:
        demo.listening.require_free(setters)
    except CannotListen as error:
        raise DemoError(str(error)) from None
    prepare(demo, [demo.suite])
    if demo.with_outlinks:
        prepare_outlinks(demo)
    with edited_copy(demo), Children() as children:
        started = time.monotonic()
        start_wiki(children, demo)
        start_server(children, demo)
        if demo.with_outlinks:
            start_pair(children, demo.listening, demo.models)
        with console.status("starting wiki and model servers"):
            wait_until_ready(children, demo)
        show_score(demo, time.monotonic() - started)
        if demo.with_outlinks:
            console.print("\nOr for the topics of an article, by its links:\n")
            show_answer(*question(demo.listening))
        if demo.listening.front is not None:
            start_front(children, demo)
            console.print(f"\nSee edits being scored: [bold]{demo.listening.front_url}/[/bold]")
        console.print("\nCtrl-C stops wiki and server.")
        while not (ended := children.ended()):
            time.sleep(0.2)
        raise DemoError(f"The {ended}.")


def stop_at_signals() -> None:
    """Have SIGTERM and SIGINT raise KeyboardInterrupt, and SIGHUP when a terminal closes.

    A shell that starts this in the background has SIGINT ignored, and the kernel keeps SIGTERM from
    the first process of a container, unless they are asked for. Who has SIGHUP ignored, as nohup
    does, means it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _stop)


def prepare(demo: Demo, suites: Sequence[Suite] = (EDITQUALITY,)) -> bool:
    """Build the wikis and train the models of suites, as far as a former start left none.

    Tells whether there was anything to do. Raises DemoError if MediaWiki or a corpus cannot be
    had, or if items are asked of MediaWiki.
    """
    of_items = any(suite.site == WIKIDATA for suite in suites)
    if of_items and demo.wiki is WikiKind.MEDIAWIKI:
        raise DemoError("MediaWiki has no items; the embedded wiki has (WIKI=embedded).")
    use_corpora()
    built = prepare_wiki(demo)
    if of_items:
        built |= prepare_items(demo)
    stale = [
        suite
        for suite in suites
        if not models_are_current(suite, demo.stores[suite.site.database], demo.models)
    ]
    if stale:
        try:
            with progress_bars() as report:
                train_models(demo.stores, stale, demo.models, report)
        except ExtractionFailed as error:
            raise DemoError(
                f"Features cannot be extracted; `make setup` prepares what they read.\n{error}"
            ) from None
    return built or bool(stale)


def prepare_outlinks(demo: Demo) -> bool:
    """Train the outlink model unless a good one is there, and tell whether there was to."""
    if model_is_current(demo.wiki_file, demo.models):
        return False
    # Imports fastText and scikit-learn, which take seconds.
    from liftwing_demo.outlinks.train import train_topics

    with progress_bars() as report:
        train_topics(demo.wiki_file, demo.models, report)
    return True


def use_corpora() -> None:
    """Have what is started read the corpora that `make setup` prepared, then those of NLTK_DATA."""
    if CORPORA.is_dir():
        folders = [str(CORPORA), *filter(None, [os.environ.get("NLTK_DATA")])]
        os.environ["NLTK_DATA"] = os.pathsep.join(dict.fromkeys(folders))


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


def show_score(demo: Demo, seconds: float) -> None:
    """Say what is served, and show a score. Raises DemoError if there is none."""
    suite = demo.suite
    url = f"{demo.listening.http_url}/v1/models/{suite.service(suite.example)}:predict"
    body = json.dumps({"rev_id": suite.rev_id})
    kinds = ", ".join(recipe.kind for recipe in suite.recipes)
    console.print(f"Ready after {seconds:.1f} s, serving {kinds}. Ask for a score:\n")
    show_answer(url, body)


def show_answer(url: str, body: str) -> None:
    """Print a curl line that works as pasted, and its answer. Raises DemoError if there is none."""
    console.print(f"  [bold]curl {url} -d '{body}'[/bold]\n")
    request = urllib.request.Request(url, data=body.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            console.print(f"  {response.read().decode()}", markup=False)
    except urllib.error.HTTPError as error:
        with error:
            raise DemoError(f"It answered {error.code}: {error.read().decode()}") from None


def _stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
