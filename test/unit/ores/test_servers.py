"""From the entries of MODEL_SERVERS to the server of a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from liftwing_serving.catalogue import services
from liftwing_serving.ores.servers import Server, Servers, read_entries, split_name
from liftwing_serving.ores.settings import OresSettings
from liftwing_serving.ores.startup import entries_of
from liftwing_serving.settings import SettingsError

GATEWAY = "* https://gateway:30443 {name}.{namespace}.wikimedia.org"


def servers(text: str) -> Servers:
    return Servers(read_entries(text, "MODEL_SERVERS"))


def test_the_first_entry_that_fits_a_name_counts() -> None:
    known = servers("enwiki-articlequality http://a:1/x/, enwiki-* http://b\n* http://c host.c")
    assert known.of("enwiki-articlequality") == Server(
        "http://a:1/x", None, "enwiki-articlequality"
    )
    assert known.of("enwiki-damaging") == Server("http://b", None, "enwiki-*")
    assert known.of("dewiki-damaging") == Server("http://c", "host.c", "*")


def test_names_are_put_into_url_and_host() -> None:
    known = servers("*wiki-* http://{wiki}.{model}:8080 {name}.test")
    found = known.of("zh_min_nanwiki-damaging")
    assert found == Server(
        "http://zh_min_nanwiki.damaging:8080", "zh_min_nanwiki-damaging.test", "*wiki-*"
    )
    assert servers("* http://{wiki}").of("outlink-topic-model") is None


def test_one_entry_fits_all_services_of_the_table_and_nothing_else() -> None:
    known = servers(GATEWAY)
    for service in services():
        found = known.of(service.name)
        assert found is not None
        assert found.host == f"{service.name}.{service.namespace}.wikimedia.org"
    assert set(known.named()) == {service.name for service in services()}
    assert known.of("enwiki-luck") is None
    assert known.alike() == set()


@pytest.mark.parametrize("name", ["", "a/b", "a b", "..", "-a", "a-", "é", "a\n", "x" * 300])
def test_what_could_harm_a_url_or_a_header_is_no_models_name(name: str) -> None:
    assert servers("* http://a {name}").of(name) is None


def test_what_is_meant_to_be_there_is_known_before_anyone_is_asked() -> None:
    named = set(servers("xwiki-damaging http://a, enwiki-* http://b").named())
    assert "xwiki-damaging" in named and "enwiki-goodfaith" in named
    assert not any(name.startswith("dewiki") for name in named)


def test_a_name_is_that_of_a_wiki_and_a_kind_of_model() -> None:
    assert split_name("enwiki-damaging") == ("enwiki", "damaging")
    for other in ("outlink-topic-model", "revertrisk-language-agnostic", "damaging", "-damaging"):
        assert split_name(other) == ("", "")


def test_lines_of_a_file_come_after_the_variable_and_may_have_comments(tmp_path: Path) -> None:
    file = tmp_path / "servers"
    file.write_text("# of one's own\nenwiki-* http://b # edits\n\n* http://c\n")
    settings = OresSettings(model_servers="enwiki-damaging http://a", model_servers_file=file)
    assert [entry.url for entry in entries_of(settings)] == ["http://a", "http://b", "http://c"]


@pytest.mark.parametrize(
    "text",
    [
        *("enwiki-damaging", "a http://b c d", "a/b http://c", "a ftp://b", "a http://b?c=d"),
        *("a http://b host/name", "a http://{luck}", "a http://b {}host"),
    ],
)
def test_an_entry_that_makes_no_sense_stops_the_start_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="^MODEL_SERVERS: "):
        servers(text)


def test_a_front_without_servers_does_not_start(tmp_path: Path) -> None:
    for settings in (
        OresSettings(),
        OresSettings(model_servers=" # nothing"),
        OresSettings(model_servers_file=tmp_path / "none"),
    ):
        with pytest.raises(SettingsError, match="^MODEL_SERVERS"):
            entries_of(settings)
