"""Every family's answers are, to the last bit, the stock library's: articles, drafts and items.

A universal server of four models of English Wikipedia and one of two of Wikidata; what is said of
edit quality is in test_scores_equal_stock.py.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from liftwing_demo.wiki import WikiStore
from support import wikis
from support.environment import environment
from support.family_models import ARTICLES_KV, ITEMS_KV, MODELS, path_of
from support.kept import Kept
from support.processes import ROOT, Answer, ModelServer, Wiki, call
from support.sentiments import synsets_of, write_sentiwordnet
from support.stock import ask_all, assert_equal, stock_scores

pytestmark = pytest.mark.timeout(600)

items_file = wikis.items_file

HELD = ROOT / "build/nltk_data"
UNIVERSAL = ROOT / "revscoring/model-server/model.py"
# Of one hash seed: revscoring takes the mean over an item's statements in the order of a set.
SEED = {"PYTHONHASHSEED": "1"}
# A model of articles that is served to the wiki of items.
MISPLACED = "wikidatawiki-articlequality"

Stock = dict[tuple[str, int], dict[str, Any]]


@dataclass
class Prepared:
    """Models in MODEL_PATH's layout, embeddings where revscoring looks, and the corpora."""

    folder: Path
    nltk_data: str

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def embeddings(self) -> Path:
        return self.folder / "word2vec"

    def files(self, names: Sequence[str]) -> dict[str, Path]:
        return {name: path_of(self.models, name) for name in names}


def words_of(file: Path, pattern: str, least: int) -> list[str]:
    """What matches in the texts of a wiki, of words that come as often as that."""
    counts: dict[str, int] = {}
    with WikiStore.open(file) as store:
        pages = sorted({revision.page_id for revision in store.all_revisions()})
        for revision in store.latest_revisions(pages, with_text=True).values():
            for word in re.findall(pattern, revision.text or ""):
                counts[word.lower() if word.isalpha() else word] = counts.get(word, 0) + 1
    return sorted(word for word, count in counts.items() if count >= least)


@pytest.fixture(scope="module")
def prepared(kept: Kept, wiki_file: Path, items_file: Path) -> Prepared:
    prepare = partial(write_prepared, wiki_file=wiki_file, items_file=items_file)
    return prepared_in(kept.path("families", prepare, wiki_file, items_file))


def prepared_in(folder: Path) -> Prepared:
    return Prepared(folder, os.pathsep.join([str(folder / "nltk"), str(HELD)]))


def write_prepared(folder: Path, wiki_file: Path, items_file: Path) -> None:
    write_sentiwordnet(folder / "nltk", synsets_of(HELD / "corpora/wordnet"))
    words = {
        ARTICLES_KV: words_of(wiki_file, r"\b[a-z]+\b", 20),
        ITEMS_KV: words_of(items_file, r"\b[PQ][0-9]+\b", 1),
    }
    assert all(len(known) > 50 for known in words.values())
    code = (
        "import json, sys, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "from pathlib import Path\n"
        "from support.family_models import write_embeddings, write_models\n"
        "write_embeddings(Path('word2vec'), json.load(sys.stdin))\n"
        "write_models(Path('models'))\n"
    )
    prepared = prepared_in(folder)
    env = environment({"NLTK_DATA": prepared.nltk_data, "PYTHONPATH": str(ROOT / "test")})
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=env,
        input=json.dumps(words).encode(),
        check=True,
    )
    (prepared.models / MISPLACED).symlink_to("enwiki-articlequality")


def names_of(wiki: str) -> list[str]:
    return [name for name in MODELS if name.startswith(f"{wiki}-")]


def settings(prepared: Prepared, names: Sequence[str], wiki: Wiki) -> dict[str, str]:
    return {
        "INFERENCE_NAME": ",".join(names),
        "MODEL_PATH": str(prepared.models),
        "WORD2VEC_PATH": str(prepared.embeddings),
        "NLTK_DATA": prepared.nltk_data,
        "WIKI_URL": wiki.url,
        "REQUEST_DEADLINE_SECONDS": "200",
        "MAX_QUEUE_SECONDS": "200",
    } | SEED


@dataclass
class Served:
    """A server, what it serves, revisions, and what the stock library says of them."""

    server: ModelServer
    names: list[str]
    rev_ids: list[int]
    stock: Stock


@pytest.fixture(scope="module")
def items_wiki(items_file: Path) -> Iterator[Wiki]:
    wiki = Wiki(items_file)
    yield wiki
    wiki.close()


@pytest.fixture(scope="module", params=["enwiki", "wikidatawiki"])
def served(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    kept: Kept,
    prepared: Prepared,
    running_wiki: Wiki,
    items_wiki: Wiki,
    nasty: dict[str, list[int]],
    wiki_file: Path,
    items_file: Path,
) -> Iterator[Served]:
    running_wiki.reset()
    names = names_of(request.param)
    if request.param == "enwiki":
        wiki, file, rev_ids = running_wiki, wiki_file, articles(wiki_file, nasty)
    else:
        wiki, file, rev_ids = items_wiki, items_file, items(items_file)
    files = prepared.files(names)
    ask = partial(stock_scores, files, wiki.url, rev_ids)
    with pytest.MonkeyPatch.context() as patch:
        # Where the stock library looks for embeddings is relative to the working directory.
        patch.chdir(prepared.folder)
        for name, value in (SEED | {"NLTK_DATA": prepared.nltk_data}).items():
            patch.setenv(name, value)
        stock = kept.answers(request.param, ask, prepared.folder, file, rev_ids)
    log = tmp_path_factory.mktemp(request.param) / "server.log"
    served = names if request.param == "enwiki" else [*names, MISPLACED]
    server = ModelServer(log, settings(prepared, served, wiki), program=UNIVERSAL)
    yield Served(server, names, rev_ids, stock)
    assert server.close() == 0, log.read_text()


# Of an article, that the stock library extracts in a moment.
SMALL = 9_000


def articles(file: Path, nasty: Mapping[str, Sequence[int]]) -> list[int]:
    """Small revisions: one of each kind of trouble, some first ones, and some without trouble."""
    with WikiStore.open(file) as store:
        sizes = {it.rev_id: it.size for it in store.all_revisions()}
    small = {kind: [it for it in ids if sizes[it] < SMALL] for kind, ids in nasty.items()}
    some = {ids[-1] for ids in small.values() if ids}
    refused = {nasty[kind][0] for kind in ("deleted", "hidden_text")}
    return sorted(some | refused | set(small["ordinary"][:4]) | set(small["no_parent"][-6:]))


def items(file: Path) -> list[int]:
    """Every revision of a redirect's, hidden, deleted and in wikitext; some of the others'."""
    with WikiStore.open(file) as store:
        known = list(store.all_revisions())
    rare = {page for page in {it.page_id for it in known} if _is_rare(file, page)}
    some = [it.rev_id for it in known if it.page_id in rare]
    return sorted({*some, *(it.rev_id for it in known[::9])})


def _is_rare(file: Path, page_id: int) -> bool:
    with WikiStore.open(file) as store:
        (page,) = store.pages([page_id]).values()
        newest = store.latest_revisions([page_id], with_text=True)[page_id]
    return page.content_model == "wikitext" or '"redirect"' in (newest.text or "")


def test_each_familys_scores_and_features_equal_the_stock_librarys(served: Served) -> None:
    answers = ask_all(served.server, itertools.product(served.names, served.rev_ids))
    assert len(answers) >= 40
    for (name, rev_id), answer in answers.items():
        assert_equal(name, rev_id, answer, served.stock[name, rev_id])
    refused = {rev_id for (_, rev_id), answer in served.stock.items() if "error" in answer}
    assert 2 <= len(refused) < len(served.rev_ids) / 2


def test_a_batch_of_each_familys_scores_equals_the_stock_librarys(served: Served) -> None:
    for name in served.names:
        asked = [{"rev_id": rev_id, "extended_output": True} for rev_id in served.rev_ids]
        answer = served.server.predict(name, {"instances": asked}, timeout=200)
        assert answer.status == 200, answer.body
        predictions = answer.json["predictions"]
        assert len(predictions) == len(served.rev_ids)
        for rev_id, prediction in zip(served.rev_ids, predictions):
            assert_equal(name, rev_id, as_single(prediction), served.stock[name, rev_id])


def test_models_of_several_families_asked_together_keep_to_their_own_features(
    served: Served,
) -> None:
    asked = {"rev_ids": served.rev_ids, "models": served.names, "extended_output": True}
    answer = call(f"{served.server.url}/v1/scores", json.dumps(asked).encode(), timeout=200)
    assert answer.status == 200, answer.body
    (document,) = answer.json.values()
    for (name, rev_id), stock in served.stock.items():
        entry = document["scores"][str(rev_id)][name.split("-")[1]]
        assert entry.keys() == ({"error"} if "error" in stock else {"score", "features"})
        assert "error" in stock or entry == stock, (name, rev_id)


def as_single(prediction: dict[str, Any]) -> Answer:
    """An instance's part of a batch's answer as it would have been answered alone."""
    error = prediction.get("error")
    document = prediction if error is None else {"error": error["message"]}
    return Answer(200 if error is None else error["code"], {}, json.dumps(document).encode())


def test_what_is_compared_would_show_a_mistake(served: Served) -> None:
    predictions: list[list[str]] = []
    for name in served.names:
        scores = [
            answer["score"]
            for (model, _), answer in served.stock.items()
            if model == name and "score" in answer
        ]
        different = {json.dumps(score["probability"], sort_keys=True) for score in scores}
        assert len(different) > len(scores) / 2, name
        predictions += [score["prediction"] for score in scores if MODELS[name].many]
        kinds = {type(score["prediction"]) for score in scores}
        assert kinds == ({list} if MODELS[name].many else {str})
        assert set(scores[0]["probability"]) == set(MODELS[name].labels)
    assert [] in predictions and any(predictions)
    sentiments = {
        answer["features"]["feature.english.sentiment.revision.positive_polarity"]
        for (model, _), answer in served.stock.items()
        if model == "enwiki-draftquality" and "features" in answer
    }
    assert "enwiki-draftquality" not in served.names or len(sentiments) > 10


def test_workers_share_the_embeddings_in_memory(served: Served) -> None:
    file = ARTICLES_KV if "enwiki-articletopic" in served.names else ITEMS_KV
    workers = served.server.worker_pids()
    assert len(workers) == 2
    for pid in workers:
        maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
        (mapped,) = {line.split()[1] for line in maps if f"{file}.vectors.npy" in line}
        assert mapped == "r--p" or mapped == "r--s"


def test_items_and_articles_need_neither_parent_nor_user(
    served: Served, running_wiki: Wiki, items_wiki: Wiki
) -> None:
    wiki = running_wiki if served.names[0].startswith("enwiki") else items_wiki
    rev_id, *_ = [rev_id for name, rev_id in served.stock if "score" in served.stock[name, rev_id]]
    wiki.reset()
    assert served.server.predict(served.names[0], {"rev_id": rev_id}).status == 200
    assert wiki.calls()["revids"] == [[rev_id]]
    assert wiki.calls()["total"] == 1


@pytest.mark.parametrize("served", ["wikidatawiki"], indirect=True)
def test_an_item_sent_to_a_model_of_articles_is_refused(
    served: Served,
) -> None:
    rev_id = next(it for name, it in served.stock if "score" in served.stock[name, it])
    answer = served.server.predict(MISPLACED, {"rev_id": rev_id})
    assert answer.status == 400
    assert answer.json["error"] == (
        f"Unexpected content type for rev-id {rev_id}: "
        "UnexpectedContentType: Expected wikitext, but the content model is wikibase-item."
    )


def test_embeddings_that_are_missing_stop_the_start_with_one_line(
    prepared: Prepared, items_wiki: Wiki, tmp_path: Path
) -> None:
    names = ["wikidatawiki-itemtopic"]
    given = settings(prepared, names, items_wiki) | {"WORD2VEC_PATH": str(tmp_path / "none")}
    given |= {"MODEL_PATH": str(path_of(prepared.models, names[0]))}
    server = ModelServer(tmp_path / "server.log", given, wait=False, program=UNIVERSAL)
    assert server.process.wait(60) == 1
    log = server.log.read_text()
    assert f"WORD2VEC_PATH: there is no {ITEMS_KV} in {tmp_path}/none, " in log
    assert "Traceback" not in log


def test_a_kind_that_no_family_has_stops_the_start_and_lists_those_there_are(
    prepared: Prepared, items_wiki: Wiki, tmp_path: Path
) -> None:
    given = settings(prepared, ["enwiki-vandalism"], items_wiki)
    server = ModelServer(tmp_path / "server.log", given, wait=False, program=UNIVERSAL)
    assert server.process.wait(60) == 1
    log = server.log.read_text()
    assert log.startswith("INFERENCE_NAME: enwiki-vandalism is not a model of articlequality")
    assert all(name.split("-")[1] in log for name in MODELS)
    assert log.count("\n") == 1
