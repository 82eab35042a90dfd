"""Training reads the wiki as revscoring does, and measures on pages the models have not seen."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from liftwing_demo.training import ModelReport, models_are_current, read_reports
from liftwing_demo.training.card import render_card
from liftwing_demo.training.record import replace_text, write_record
from liftwing_demo.wiki import WikiStore
from support.environment import environment

REPORT = ModelReport("damaging", "0.1.0", 80, 442, 147, 38, 0.97, None, 0.5)


def written_models(wiki_path: Path, out: Path) -> Path:
    (out / "enwiki-damaging").mkdir(parents=True)
    (out / "enwiki-damaging" / "model.bin").write_bytes(b"a model")
    write_record(wiki_path, out, {"damaging": REPORT})
    return out


def test_models_are_current_for_their_own_wiki(wiki_path: Path, tmp_path: Path) -> None:
    out = written_models(wiki_path, tmp_path)
    assert models_are_current(wiki_path, out, ["damaging"])
    assert read_reports(out) == {"damaging": REPORT}


def test_models_are_not_current_when_one_is_missing(wiki_path: Path, tmp_path: Path) -> None:
    out = written_models(wiki_path, tmp_path)
    assert not models_are_current(wiki_path, out, ["damaging", "goodfaith"])
    (out / "enwiki-damaging" / "model.bin").unlink()
    assert not models_are_current(wiki_path, out, ["damaging"])


def test_models_without_a_record_or_a_wiki_are_not_current(wiki_path: Path, tmp_path: Path) -> None:
    assert not models_are_current(wiki_path, tmp_path)
    out = written_models(wiki_path, tmp_path)
    assert not models_are_current(tmp_path / "absent.sqlite", out, ["damaging"])


def test_a_file_is_replaced_in_one_go(tmp_path: Path) -> None:
    replace_text(tmp_path / "note", "old")
    replace_text(tmp_path / "note", "new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("note", "new")]


def test_the_card_gives_the_measured_figures_and_warns(store: WikiStore) -> None:
    card = render_card({"damaging": REPORT}, store.meta())
    assert "| enwiki-damaging | 0.1.0 | 80 | 442 | 147 (38) | 0.970 | undefined | 0.500 |" in card
    assert "not for real use" in card
    assert "110 edits" in card


def test_training_takes_few_of_the_heavy_revisions(store: WikiStore) -> None:
    from liftwing_demo.training import extract

    chosen = {labels.rev_id for labels in extract.choose_revisions(store)}
    known = {revision.rev_id: revision for revision in store.all_revisions()}
    large = [rev_id for rev_id in chosen if known[rev_id].size >= extract.HEAVY_BYTES]
    assert 0 < len(large) <= extract.MAX_HEAVY
    assert len(chosen) > 50


def test_no_imported_deleted_or_foreign_revision_is_trained_on(
    store: WikiStore, nasty: dict[str, list[int]]
) -> None:
    from liftwing_demo.training import extract

    chosen = extract.choose_revisions(store)
    assert all(labels.kind != "import" for labels in chosen)
    left_out = {*nasty["deleted"], *nasty["other_content_model"]}
    assert not left_out & {labels.rev_id for labels in chosen}


def test_the_extractor_s_session_answers_what_revscoring_asks(
    store: WikiStore, nasty: dict[str, list[int]]
) -> None:
    from liftwing_demo.training import extract
    from revscoring.extractors.api import Extractor

    extractor = Extractor(extract.StoreSession(store))
    features = extract.FEATURES["damaging"]
    small = [1_000_001, *nasty["hidden_text"][:1], *nasty["deleted_parent"][:1]]
    results = Counter(
        type(error).__name__ for error, _ in extractor.extract([*small, 999], features)
    )
    assert results == {"NoneType": 1, "TextDeleted": 1, "RevisionNotFound": 2}


def test_a_session_refuses_what_the_api_refuses(store: WikiStore) -> None:
    from liftwing_demo.training import extract

    with pytest.raises(LookupError, match="Invalid value"):
        extract.StoreSession(store).get(action="query", revids="x")


def test_ctrl_c_does_not_reach_the_processes_that_extract(wiki_path: Path) -> None:
    from liftwing_demo.training import extract

    with extract.start_pool(wiki_path, extract.FEATURES["damaging"]):
        started = [process.pid or 0 for process in multiprocessing.active_children()]
        ignored = [ignored_signals(pid) for pid in started]
    assert len(ignored) == extract.PROCESSES
    assert all(signal.SIGINT in signals for signals in ignored)
    assert signal.SIGINT not in ignored_signals(os.getpid())


def ignored_signals(pid: int) -> set[int]:
    (mask,) = re.findall(r"^SigIgn:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return {number for number in signal.Signals if int(mask, 16) >> (number - 1) & 1}


def test_pages_held_out_are_a_quarter_and_always_the_same() -> None:
    from liftwing_demo.training import train

    pages = list(range(40, 140))
    assert len(train.held_out_pages(pages)) == 25
    assert train.held_out_pages(pages) == train.held_out_pages(pages) < set(pages)


def test_features_equal_those_of_the_stock_extractor_over_http(
    store: WikiStore, wiki_path: Path, nasty: dict[str, list[int]]
) -> None:
    import mwapi
    from liftwing_demo.training import extract
    from revscoring.extractors.api import Extractor

    features = extract.FEATURES["damaging"]
    command = [sys.executable, "-m", "liftwing_demo.wiki.server", "--db", str(wiki_path)]
    rev_ids = [nasty[kind][0] for kind in ("ordinary", "invalid_name", "missing_account")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        assert server.stdout is not None
        session = mwapi.Session(server.stdout.readline().split()[-1], user_agent="test")
        over_http = list(Extractor(session).extract(rev_ids, features))
        session.session.close()
        server.terminate()
    from_store = list(Extractor(extract.StoreSession(store)).extract(rev_ids, features))
    assert over_http == from_store
    assert [len(values) for _, values in from_store] == [80, 80, 80]
