"""What the stock library says: Model.load, its API extractor over the same wiki, Model.score."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from liftwing_serving.revscoring import family_of
from support.processes import Answer, ModelServer

_state: dict[str, Any] = {}


def stock_scores(
    model_files: dict[str, Path], wiki_url: str, rev_ids: Sequence[int]
) -> dict[tuple[str, int], dict[str, Any]]:
    """By model and revision `{"score", "features"}`, or `{"error"}` with the error's text.

    Extraction by the stock library takes up to a second for each, so two processes share it.
    """
    with get_context("spawn").Pool(2, _load, (model_files, wiki_url)) as pool:
        results = pool.map(_score, rev_ids, chunksize=4)
    return {
        (name, rev_id): answer
        for rev_id, answers in zip(rev_ids, results)
        for name, answer in answers.items()
    }


def ask_all(server: ModelServer, asked: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Answer]:
    """The server's extended answers by model and revision."""
    pairs = list(asked)
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(
            lambda pair: server.predict(
                pair[0], {"rev_id": pair[1], "extended_output": True}, timeout=200
            ),
            pairs,
        )
        return dict(zip(pairs, answers))


def assert_equal(name: str, rev_id: int, answer: Answer, stock: dict[str, Any]) -> None:
    """The server's extended answer, or refusal, is the stock library's."""
    if "error" in stock:
        assert answer.status == 400, (name, rev_id, answer.body, stock)
        assert_same_refusal(rev_id, answer.json["error"], stock["error"])
        return
    assert answer.status == 200, (name, rev_id, answer.body)
    wiki, kind = name.split("-")
    entry = answer.json[wiki]["scores"][str(rev_id)][kind]
    # == on floats read from JSON is equality of bits: orjson writes the shortest exact form.
    assert entry["score"] == stock["score"], (name, rev_id)
    assert entry["features"] == stock["features"], (name, rev_id)


def assert_same_refusal(rev_id: int, ours: str, stock: str) -> None:
    """The stock library's reason in the contract's words."""
    if stock.startswith(f"RevisionNotFound: Could not find revision ({{revision}}:{rev_id})"):
        assert ours.startswith("The MW API does not have any info related to the rev-id"), ours
    elif stock.startswith("UnexpectedContentType: "):
        assert ours == f"Unexpected content type for rev-id {rev_id}: {stock}"
    else:
        assert ours == f"Missing resource for rev-id {rev_id}: {stock}"


def _load(model_files: dict[str, Path], wiki_url: str) -> None:
    import warnings

    warnings.simplefilter("ignore")
    import mwapi
    from revscoring.scoring.models.model import Model, open_file
    from revscoring.extractors.api import Extractor

    _state["models"] = {}
    for name, path in model_files.items():
        with open_file(str(path)) as stream:
            _state["models"][name] = Model.load(stream)
    _state["extractor"] = Extractor(mwapi.Session(wiki_url, user_agent="stock library in a test"))


def _score(rev_id: int) -> dict[str, dict[str, Any]]:
    from revscoring.errors import DependencyError
    from revscoring.features import trim

    answers: dict[str, dict[str, Any]] = {}
    # Models of one list share what was extracted. Lists of other packages do not: they have other
    # features of the same names, which the library takes for the same.
    caches: dict[Any, dict[Any, Any]] = defaultdict(dict)
    for name, model in _state["models"].items():
        cache = caches[family_of(name.rpartition("-")[2])]
        try:
            values = list(_state["extractor"].extract(rev_id, model.features, cache=cache))
            base = list(trim(model.features))
            base_values = list(_state["extractor"].extract(rev_id, base, cache=cache))
        except DependencyError as error:
            answers[name] = {"error": str(error)}
            continue
        features = {str(feature): value for feature, value in zip(base, base_values)}
        answers[name] = {"score": model.score(values), "features": features}
    # As JSON has it: the probabilities' keys are booleans before.
    as_json: dict[str, dict[str, Any]] = json.loads(json.dumps(answers))
    return as_json
