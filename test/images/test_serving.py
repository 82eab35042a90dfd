"""Every image at work, under what production forbids its containers: it answers as the checkout."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from liftwing_demo.wiki import WikiStore
from support.containers import HARDENED, DemoServer, ServerContainer, predict
from support.environment import environment
from support.family_models import ARTICLES_KV, ITEMS_KV
from support.outlink import NAME, some_items, start_transformer, write_topic_model
from support.processes import ROOT, ModelServer, call
from support.services import make_models

sys.path.insert(0, str(ROOT / "tools/images"))

from inventory import images  # noqa: E402
from serving import FRONT, MOUNTED, given_to  # noqa: E402

EDITS = "enwiki-damaging"
# Images by what each serves here.
SERVED = [
    ("articlequality", ("enwiki-articlequality",)),
    ("articlequality", ("wikidatawiki-itemquality",)),
    ("draftquality", ("enwiki-draftquality",)),
    ("editquality", (EDITS,)),
    ("topic", ("enwiki-articletopic", "enwiki-drafttopic")),
    ("topic", ("wikidatawiki-itemtopic",)),
    ("revscoring", ("enwiki-articlequality", EDITS, "enwiki-draftquality", "enwiki-articletopic")),
]
# Words that the light models' embeddings know.
WORDS = {ARTICLES_KV: ["the", "of", "and", "in", "was"], ITEMS_KV: ["P31", "Q5", "P21", "P17"]}
WRITE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from pathlib import Path
from support.family_models import write_embeddings, write_models
write_embeddings(Path("word2vec"), json.load(sys.stdin))
write_models(Path("."))
"""
# revscoring takes the mean over an item's statements in the order of a set.
SEED = {"PYTHONHASHSEED": "1"}
CORPORA = {"NLTK_DATA": str(ROOT / "build/nltk_data")}
PAIR = ("outlink", "outlink-transformer")

Built = Callable[..., str]


@pytest.fixture(scope="module")
def all_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a light model of every kind, as the demo lays them out."""
    folder = tmp_path_factory.mktemp("all") / "models"
    (folder / NAME).mkdir(parents=True)
    env = environment({"PYTHONPATH": str(ROOT / "test"), **CORPORA})
    words = json.dumps(WORDS).encode()
    subprocess.run([sys.executable, "-c", WRITE], cwd=folder, env=env, input=words, check=True)
    make_models({str(folder / EDITS / "model.bin"): ("enwiki", "damaging")})
    write_topic_model(folder / NAME / "model.bin")
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def items_wiki(image: str, items_file: Path) -> Iterator[DemoServer]:
    mount = f"{items_file}:/items.sqlite:ro"
    server = DemoServer("liftwing_demo.wiki.server", "--db", "/items.sqlite", mounts=[mount])
    yield server
    server.close()


@contextmanager
def container(image: str, models: Path, *names: str, **extra: str) -> Iterator[ServerContainer]:
    """A hardened container of the image."""
    given = given_to(image, MOUNTED, names)
    settings = given.environment | extra
    started = ServerContainer(image, models, settings, given.flags, HARDENED)
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.close()


@contextmanager
def checkout(image: str, log: Path, models: Path, *names: str, **extra: str) -> Iterator[str]:
    """The same server from the checkout; yields its address."""
    settings = given_to(image, models, names).environment | CORPORA | extra
    server = ModelServer(log, settings, program=ROOT / images()[image].server / "model.py")
    try:
        yield server.url
    finally:
        server.close()


def an_item(file: Path) -> int:
    """An item's last revision."""
    with WikiStore.open(file) as store:
        return max(it.rev_id for it in store.all_revisions() if it.parent_id)


@pytest.mark.parametrize(
    ("served_by", "names"), SERVED, ids=[f"{image} {names[0]}" for image, names in SERVED]
)
def test_a_revision_scores_as_it_does_outside(
    served_by: str,
    names: Sequence[str],
    built: Built,
    all_models: Path,
    wiki: DemoServer,
    items_wiki: DemoServer,
    items_file: Path,
    nasty: dict[str, list[int]],
    tmp_path: Path,
) -> None:
    of_items = names[0].startswith("wikidatawiki")
    extra = SEED | {"WIKI_URL": (items_wiki if of_items else wiki).url}
    rev_id = an_item(items_file) if of_items else nasty["ordinary"][0]
    request = {"rev_id": rev_id, "extended_output": True}
    with ExitStack() as opened:
        here = opened.enter_context(container(built(served_by), all_models, *names, **extra))
        log = tmp_path / "log"
        there = opened.enter_context(checkout(served_by, log, all_models, *names, **extra))
        for name in names:
            answer = predict(here.url, name, request)
            assert answer.status == 200, answer.body
            assert answer.json == predict(there, name, request).json
        assert here.state["OOMKilled"] is False


@pytest.fixture(scope="module")
def pair(built: Built, all_models: Path) -> Iterator[tuple[ServerContainer, ServerContainer]]:
    """Predictor and transformer, hardened; the second asks the first."""
    with container(built(PAIR[0]), all_models) as predictor:
        flags = ("--predictor_host", f"{predictor.address}:8080", "--model_name", NAME)
        transformer = ServerContainer(built(PAIR[1]), all_models, {}, flags, HARDENED)
        try:
            transformer.wait_until_ready()
            yield predictor, transformer
        finally:
            transformer.close()


def test_the_outlink_pair_answers_as_it_does_outside(
    pair: tuple[ServerContainer, ServerContainer], tmp_path: Path
) -> None:
    predictor, transformer = pair
    address = predictor.url.removeprefix("http://")
    there = start_transformer(tmp_path / "log", address)
    request: dict[str, Any] = {"lang": "en", "page_title": "Gannet", "threshold": 0.1}
    request["features_str"] = some_items(1)
    try:
        answer = predict(transformer.url, NAME, request)
        assert answer.status == 200, answer.body
        assert answer.json["prediction"]["results"]
        assert answer.json == predict(there.url, NAME, request).json
    finally:
        there.close()


def test_the_front_answers_for_a_server_behind_it(
    built: Built, all_models: Path, wiki: DemoServer, nasty: dict[str, list[int]]
) -> None:
    rev_id = nasty["ordinary"][0]
    with container(built("editquality"), all_models, EDITS, WIKI_URL=wiki.url) as behind:
        servers = {"MODEL_SERVERS": f"* http://{behind.address}:8080"}
        front = ServerContainer(built(FRONT), all_models, servers, (), HARDENED)
        try:
            front.wait_until_ready()
            answer = predict(front.url, EDITS, {"rev_id": rev_id})
            assert answer.status == 200, answer.body
            assert answer.json == predict(behind.url, EDITS, {"rev_id": rev_id}).json
            assert call(f"{front.url}/v3/scores/enwiki/{rev_id}/damaging/").json == answer.json
        finally:
            front.close()
