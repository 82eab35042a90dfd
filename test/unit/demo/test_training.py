"""Training reads the wiki as revscoring does, and measures on what the models have not seen."""

import dataclasses
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from liftwing_demo.training import SUITES, ModelReport, models_are_current, read_reports
from liftwing_demo.training.acceleration import Acceleration
from liftwing_demo.training.card import render_card
from liftwing_demo.training.record import EMBEDDINGS, replace_text, write_record
from liftwing_demo.training.suite import Suite
from liftwing_demo.training.suites import EDITQUALITY, editquality, suite_called
from liftwing_demo.training.tasks import ExtractionFailed, StoreSession, extract, feature_list
from liftwing_demo.training.train import PROCESSES, start_pool
from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.drafts import DRAFT_KINDS
from liftwing_serving.revscoring import FAMILIES
from support.environment import environment

DAMAGING = "editquality.feature_lists.enwiki:damaging"
REPORT = ModelReport("damaging", "0.1.0", 80, 442, 147, {"true": 38}, 0.97, None, 0.5)
TOPIC = suite_called("topic")


def written_models(suite: Suite, wiki_path: Path, out: Path) -> Path:
    for recipe in suite.recipes:
        file = out / suite.service(recipe.kind) / recipe.file
        file.parent.mkdir(parents=True)
        file.write_bytes(b"a model")
    write_record(suite, wiki_path, out, {"damaging": REPORT})
    return out


def test_every_kind_of_every_family_has_a_demo_model() -> None:
    kinds = [recipe.kind for suite in SUITES for recipe in suite.recipes]
    assert sorted(kinds) == sorted(kind for family in FAMILIES for kind in family.kinds)


def test_models_are_current_for_their_own_wiki(wiki_path: Path, tmp_path: Path) -> None:
    out = written_models(EDITQUALITY, wiki_path, tmp_path)
    assert models_are_current(EDITQUALITY, wiki_path, out)
    assert read_reports(EDITQUALITY, out) == {"damaging": REPORT}


def test_models_are_not_current_when_one_is_missing(wiki_path: Path, tmp_path: Path) -> None:
    out = written_models(EDITQUALITY, wiki_path, tmp_path)
    (out / "enwiki-damaging" / "model.bin").unlink()
    assert not models_are_current(EDITQUALITY, wiki_path, out)


def test_models_are_not_current_when_their_recipe_is_another(
    wiki_path: Path, tmp_path: Path
) -> None:
    out = written_models(EDITQUALITY, wiki_path, tmp_path)
    first, *others = EDITQUALITY.recipes
    deeper = dataclasses.replace(first, estimator=dict(first.estimator) | {"max_depth": 6})
    changed = dataclasses.replace(EDITQUALITY, recipes=(deeper, *others))
    assert not models_are_current(changed, wiki_path, out)


def test_topic_models_are_not_current_without_their_embeddings(
    wiki_path: Path, tmp_path: Path
) -> None:
    out = written_models(TOPIC, wiki_path, tmp_path)
    assert not models_are_current(TOPIC, wiki_path, out)
    (out / EMBEDDINGS).mkdir()
    (out / EMBEDDINGS / str(TOPIC.embedding)).write_bytes(b"vectors")
    assert models_are_current(TOPIC, wiki_path, out)


def test_each_suite_has_a_record_of_its_own(wiki_path: Path, tmp_path: Path) -> None:
    written_models(EDITQUALITY, wiki_path, tmp_path)
    assert not models_are_current(TOPIC, wiki_path, tmp_path)
    written_models(suite_called("articlequality"), wiki_path, tmp_path)
    assert models_are_current(EDITQUALITY, wiki_path, tmp_path)


def test_models_without_a_record_or_a_wiki_are_not_current(wiki_path: Path, tmp_path: Path) -> None:
    assert not models_are_current(EDITQUALITY, wiki_path, tmp_path)
    out = written_models(EDITQUALITY, wiki_path, tmp_path)
    assert not models_are_current(EDITQUALITY, tmp_path / "absent.sqlite", out)


def test_a_file_is_replaced_in_one_go(tmp_path: Path) -> None:
    replace_text(tmp_path / "note", "old")
    replace_text(tmp_path / "note", "new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("note", "new")]


def test_the_card_gives_the_measured_figures_and_warns(store: WikiStore) -> None:
    card = render_card("editquality", [(EDITQUALITY, {"damaging": REPORT}, store.meta())])
    row = "| enwiki-damaging | 0.1.0 | 80 | 442 | 147 (true 38) | 0.970 | undefined | 0.500 |"
    assert row in card
    assert "not for real use" in card
    assert "110 edits" in card
    assert "demo card editquality" in card


def test_the_card_of_two_suites_tells_their_stories_apart(store: WikiStore) -> None:
    many = {f"topic {number}": number % 2 for number in range(20)}
    report = dataclasses.replace(REPORT, name="articletopic", held_out_labels=many)
    wiki = store.meta() | {"items": "7"}
    trained = [(TOPIC, {"articletopic": report}, wiki), (suite_called("items"), {}, wiki)]
    card = render_card("topic", trained)
    assert "### Topics\n" in card and "### Wikidata's items\n" in card
    assert "147 (10 of 20 labels)" in card
    assert "7 items" in card


def test_training_takes_few_of_the_heavy_revisions(store: WikiStore) -> None:
    chosen = {labels.rev_id for labels in editquality.choose_revisions(store)}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    large = [rev_id for rev_id in chosen if known[rev_id].size >= editquality.HEAVY_BYTES]
    assert 0 < len(large) <= editquality.MAX_HEAVY
    assert len(chosen) > 50


def test_no_imported_deleted_or_foreign_revision_is_trained_on(
    store: WikiStore, nasty: dict[str, list[int]]
) -> None:
    chosen = editquality.choose_revisions(store)
    assert not {labels.kind for labels in chosen} & ({"import"} | DRAFT_KINDS)
    left_out = {*nasty["deleted"], *nasty["other_content_model"]}
    assert not left_out & {labels.rev_id for labels in chosen}


def test_the_extractor_s_session_answers_what_revscoring_asks(
    store: WikiStore, nasty: dict[str, list[int]]
) -> None:
    from revscoring.extractors.api import Extractor

    extractor = Extractor(StoreSession(store))
    features = feature_list(DAMAGING)
    small = [1_000_001, *nasty["hidden_text"][:1], *nasty["deleted_parent"][:1]]
    results = Counter(
        type(error).__name__ for error, _ in extractor.extract([*small, 999], features)
    )
    assert results == {"NoneType": 1, "TextDeleted": 1, "RevisionNotFound": 2}


def test_revisions_with_something_missing_are_left_out(
    wiki_path: Path, nasty: dict[str, list[int]]
) -> None:
    ids = [1_000_001, nasty["hidden_text"][0], nasty["deleted"][0]]
    (rows,) = [extract("editquality", wiki_path, ids)]
    assert set(rows) == {1_000_001}
    assert [len(row) for row in rows[1_000_001]] == [80, 80, 80]


def test_features_are_the_library_s_to_the_last_bit_and_type(
    store: WikiStore, wiki_path: Path, nasty: dict[str, list[int]]
) -> None:
    from revscoring.extractors.api import Extractor

    asked = [*nasty["ordinary"][:12], *nasty["no_parent"][:3]]
    lists = [feature_list(recipe.features) for recipe in EDITQUALITY.recipes]
    library = Extractor(StoreSession(store))
    rows = extract("editquality", wiki_path, asked)
    assert rows.keys() == set(asked)
    for rev_id, row in rows.items():
        assert repr(row) == repr([list(library.extract(rev_id, some)) for some in lists])


def test_most_values_are_known_before_the_library_is_asked(
    store: WikiStore, nasty: dict[str, list[int]]
) -> None:
    features = feature_list(DAMAGING)
    acceleration = Acceleration(store, features)
    known = acceleration.known(nasty["ordinary"][0])
    assert len(set(features) & known.keys()) > 0.8 * len(features)
    missing = [nasty[kind][0] for kind in ("hidden_text", "deleted", "deleted_parent")]
    assert [acceleration.known(rev_id) for rev_id in (*missing, 999)] == [{}] * 4


def test_a_corpus_that_is_missing_is_told(wiki_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **kwargs: object) -> None:
        raise LookupError("Resource wordnet not found.")

    monkeypatch.setattr("revscoring.extractors.api.extractor.Extractor.solve", missing)
    with pytest.raises(ExtractionFailed, match="1000001: Resource wordnet not found"):
        extract("editquality", wiki_path, [1_000_001])


def test_a_session_refuses_what_the_api_refuses(store: WikiStore) -> None:
    with pytest.raises(LookupError, match="Invalid value"):
        StoreSession(store).get(action="query", revids="x")


def test_ctrl_c_does_not_reach_the_processes_that_train(tmp_path: Path) -> None:
    with start_pool(tmp_path) as pool:
        pool.submit(int).result()
        started = [process.pid or 0 for process in multiprocessing.active_children()]
        ignored = [ignored_signals(pid) for pid in started]
    assert len(ignored) == PROCESSES
    assert all(signal.SIGINT in signals for signals in ignored)
    assert signal.SIGINT not in ignored_signals(os.getpid())


def test_an_error_ends_the_processes_whatever_they_are_at(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt), start_pool(tmp_path) as pool:
        pool.submit(int).result()
        sleeping = [pool.submit(time.sleep, 600) for _ in range(4)]
        while not any(future.running() for future in sleeping):
            time.sleep(0.05)
        raise KeyboardInterrupt
    assert time.monotonic() - begun < 300
    assert not multiprocessing.active_children()


def ignored_signals(pid: int) -> set[int]:
    (mask,) = re.findall(r"^SigIgn:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return {number for number in signal.Signals if int(mask, 16) >> (number - 1) & 1}


def test_features_equal_those_of_the_stock_extractor_over_http(
    store: WikiStore, wiki_path: Path, nasty: dict[str, list[int]]
) -> None:
    import mwapi
    from revscoring.extractors.api import Extractor

    features = feature_list(DAMAGING)
    command = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(wiki_path)]
    rev_ids = [nasty[kind][0] for kind in ("ordinary", "invalid_name", "missing_account")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        assert server.stdout is not None
        session = mwapi.Session(server.stdout.readline().split()[-1], user_agent="test")
        over_http = list(Extractor(session).extract(rev_ids, features))
        session.session.close()
        server.terminate()
    from_store = list(Extractor(StoreSession(store)).extract(rev_ids, features))
    assert over_http == from_store
    assert [len(values) for _, values in from_store] == [80, 80, 80]
