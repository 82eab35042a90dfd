"""The table of Wikipedias, the only source of their hosts."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving import wikipedias
from liftwing_serving.wikipedias import Wikipedia, by_database, by_language

ROWS = list(
    csv.DictReader(
        files(wikipedias.__package__).joinpath("wikipedias.tsv").read_text().splitlines(),
        delimiter="\t",
    )
)
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def test_there_are_all_wikipedias() -> None:
    assert len(ROWS) > 350
    assert len({row["database"] for row in ROWS}) == len({row["code"] for row in ROWS}) == len(ROWS)


def test_each_row_is_safe_in_an_address_and_is_found_by_each_of_its_names() -> None:
    for row in ROWS:
        assert CODE.fullmatch(row["code"]), row
        assert re.fullmatch(r"[a-z0-9_]+wiki", row["database"]), row
        wiki = by_database(row["database"])
        assert wiki == Wikipedia(row["database"], row["code"]), row
        assert wiki.host == f"{row['code']}.wikipedia.org", row
        stem = row["database"].removesuffix("wiki")
        for name in (row["code"], stem, stem.replace("_", "-")):
            assert by_language(name) == wiki, row
        assert by_language(row["language"]) is not None, row


@pytest.mark.parametrize(
    ("database", "host"),
    [
        ("enwiki", "en.wikipedia.org"),
        ("simplewiki", "simple.wikipedia.org"),
        ("zh_min_nanwiki", "zh-min-nan.wikipedia.org"),
        ("roa_rupwiki", "roa-rup.wikipedia.org"),
        ("roa_tarawiki", "roa-tara.wikipedia.org"),
        ("be_x_oldwiki", "be-tarask.wikipedia.org"),
        ("nds_nlwiki", "nds-nl.wikipedia.org"),
        ("map_bmswiki", "map-bms.wikipedia.org"),
        ("cbk_zamwiki", "cbk-zam.wikipedia.org"),
        ("bat_smgwiki", "bat-smg.wikipedia.org"),
        ("fiu_vrowiki", "fiu-vro.wikipedia.org"),
        ("zh_classicalwiki", "zh-classical.wikipedia.org"),
        ("zh_yuewiki", "zh-yue.wikipedia.org"),
        ("nowiki", "no.wikipedia.org"),
        ("alswiki", "als.wikipedia.org"),
    ],
)
def test_special_wikis_have_the_host_they_really_have(database: str, host: str) -> None:
    wiki = by_database(database)
    assert wiki is not None and wiki.host == host


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *[("nan", "zh-min-nan"), ("zh_min_nan", "zh-min-nan"), ("be-x-old", "be-tarask")],
        *[("be_x_old", "be-tarask"), ("be-tarask", "be-tarask"), ("yue", "zh-yue")],
        *[("rup", "roa-rup"), ("vro", "fiu-vro"), ("sgs", "bat-smg"), ("lzh", "zh-classical")],
        *[("simple", "simple"), ("en", "en"), ("gsw", "als"), ("nb", "no"), ("no", "no")],
    ],
)
def test_a_language_may_be_called_in_several_ways(name: str, code: str) -> None:
    wiki = by_language(name)
    assert wiki is not None and wiki.code == code


@pytest.mark.parametrize(
    "name",
    ["", "EN", "en ", " en", "en\n", "en.", "../en", "en/x", "en@evil.org", "evil.org#", "enwiki"]
    + ["commons", "wikidata", "enwiktionary", "meta", "xx", "zh-min_nan", "en\x00"],
)
def test_what_is_no_language_has_no_host(name: str) -> None:
    assert by_language(name) is None


@pytest.mark.parametrize(
    "name", ["", "en", "commonswiki", "wikidatawiki", "enwiktionary", "ENWIKI", "en.wiki", "wiki"]
)
def test_what_is_no_wikipedia_has_no_host(name: str) -> None:
    assert by_database(name) is None


HOSTS = {f"{row['code']}.wikipedia.org" for row in ROWS}


@given(st.text() | st.sampled_from(ROWS).map(lambda row: row["code"]).flatmap(
    lambda code: st.text(max_size=3).map(lambda more: code + more)
))  # fmt: skip
def test_no_text_makes_a_host_that_is_not_in_the_table(text: str) -> None:
    for wiki in (by_language(text), by_database(text), by_database(f"{text}wiki")):
        assert wiki is None or wiki.host in HOSTS
