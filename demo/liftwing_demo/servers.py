"""Starts the servers of a demo as processes, and waits until they are ready."""

import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from liftwing_demo.checkout import ROOT
from liftwing_demo.children import Children
from liftwing_demo.demo import Demo, DemoError, WikiKind
from liftwing_demo.live import serve as live
from liftwing_demo.training.record import EMBEDDINGS
from liftwing_demo.wiki.sites import WIKIDATA, WIKIPEDIA

START_SECONDS = 120.0


def start_wiki(children: Children, demo: Demo) -> None:
    """Start the embedded wiki or MediaWiki."""
    if demo.wiki is WikiKind.MEDIAWIKI:
        what = ["liftwing_demo.mediawiki.serve", "--dir", str(demo.mediawiki)]
    else:
        what = ["liftwing_demo.wiki.server"]
        for database in dict.fromkeys((WIKIPEDIA.database, demo.suite.site.database)):
            what += ["--db", str(served_file(demo, database))]
    listen = ["--host", str(demo.listening.host), "--port", str(demo.listening.wiki)]
    children.start("wiki", [sys.executable, "-m", *what, *listen], {})


@contextmanager
def edited_copy(demo: Demo) -> Iterator[None]:
    """Has the copy that is edited begin as the wiki that was built, and removes it at the end."""
    if not demo.with_edits:
        yield
        return
    shutil.copyfile(demo.stores[demo.suite.site.database], demo.edited_file)
    try:
        yield
    finally:
        demo.edited_file.unlink(missing_ok=True)


def served_file(demo: Demo, database: str) -> Path:
    """The file of a wiki, or its copy that is edited."""
    edited = demo.with_edits and database == demo.suite.site.database
    return demo.edited_file if edited else demo.stores[database]


def start_front(children: Children, demo: Demo) -> None:
    """Start the front with its page, and what edits the wiki while somebody looks at it.

    Raises DemoError if one of them ends.
    """
    suite = demo.suite
    services = [suite.service(recipe.kind) for recipe in suite.recipes]
    file = served_file(demo, suite.site.database)
    live.start(children, demo.listening, services, file, former=not demo.with_edits)
    wait_for([demo.listening.front_url], children)


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
    if demo.listening.front is not None:
        environment |= live.where_events_go(demo.listening)
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
    urls = [demo.listening.http_url]
    if demo.with_outlinks:
        urls += [demo.listening.outlinks_url, f"http://{demo.listening.predictor}"]
    wait_for(urls, children)


def wait_for(urls: Sequence[str], children: Children) -> None:
    """Wait for servers to be ready. Raises DemoError if something ends before, or none is."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if ended := children.ended():
            raise DemoError(f"The {ended} before it was ready; its message is above.")
        if all(map(_is_ready, urls)):
            return
        time.sleep(0.1)
    raise DemoError(f"Not all servers were ready after {START_SECONDS:g} seconds.")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v2/health/ready"):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False
