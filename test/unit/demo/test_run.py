"""What the demo prepares, and for which wiki."""

import os
from pathlib import Path

import pytest
from liftwing_demo import run
from liftwing_demo.demo import Demo, DemoError, WikiKind
from liftwing_demo.training import suite_called


def test_no_items_are_asked_of_mediawiki(tmp_path: Path) -> None:
    demo = Demo(tmp_path, wiki=WikiKind.MEDIAWIKI, suite=suite_called("items"))
    with pytest.raises(DemoError, match="no items"):
        run.prepare(demo, [demo.suite])
    assert not list(tmp_path.iterdir())


def test_corpora_of_the_checkout_come_before_those_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CORPORA", tmp_path)
    monkeypatch.setenv("NLTK_DATA", "/somewhere/else")
    run.use_corpora()
    assert os.environ["NLTK_DATA"] == f"{tmp_path}:/somewhere/else"
    run.use_corpora()
    monkeypatch.delenv("NLTK_DATA")
    run.use_corpora()
    assert os.environ["NLTK_DATA"] == str(tmp_path)


def test_a_short_history_comes_with_few_items() -> None:
    assert Demo(Path("x")).items is None
    assert Demo(Path("x"), revisions=400).items == 100
    assert Demo(Path("x"), revisions=4).items == 24
