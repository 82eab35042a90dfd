"""Environment variables: read, refused by name, documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from liftwing_serving.cli.images import settings_by_image
from liftwing_serving.revscoring import FAMILIES, RevscoringSettings, families
from liftwing_serving.revscoring.settings import EmbeddingSettings, TopicSettings
from liftwing_serving.settings import (
    EventSettings,
    MediaWikiSettings,
    ServerSettings,
    SettingsError,
    WorkerSettings,
    as_markdown,
    load_settings,
)

DOCS = Path(__file__).parents[2] / "docs/configuration.md"
REQUIRED = {"INFERENCE_NAME": "enwiki-goodfaith", "WIKI_URL": "http://localhost:8090"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in RevscoringSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_defaults_are_those_of_the_contract(environment: pytest.MonkeyPatch) -> None:
    settings = load_settings(RevscoringSettings)
    assert settings.aiohttp_client_timeout == 5
    assert (settings.mw_api_max_retries, settings.mw_api_retry_base_delay) == (2, 0.5)
    assert settings.asyncio_use_process_pool and settings.preprocess_mp and settings.inference_mp
    assert settings.mwapi_revid_content_threshold_bytes == 100_000
    assert settings.request_deadline_seconds == 30
    assert settings.max_queue_seconds == 10
    assert (settings.drain_delay_seconds, settings.shutdown_grace_seconds) == (5, 25)
    assert settings.kserve_loglevel == settings.framework_log_level == "INFO"
    assert settings.access_log_level == "WARNING"


@pytest.mark.parametrize("value", ["1", "true", "yes", "on", "TRUE", "Yes", "ON"])
def test_truthy_values(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("LOG_JSON_PAYLOAD", value)
    assert load_settings(RevscoringSettings).log_json_payload is True


@pytest.mark.parametrize("value", ["0", "false", "no", "off", "False", "OFF"])
def test_falsy_values(environment: pytest.MonkeyPatch, value: str) -> None:
    environment.setenv("PREPROCESS_MP", value)
    assert load_settings(RevscoringSettings).preprocess_mp is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AIOHTTP_CLIENT_TIMEOUT", "soon"),
        ("AIOHTTP_CLIENT_TIMEOUT", "0"),
        ("ASYNCIO_AUX_WORKERS", "0"),
        ("ASYNCIO_AUX_WORKERS", "1.5"),
        ("ASYNCIO_USE_PROCESS_POOL", "maybe"),
        ("WIKI_URL", "en.wikipedia.org"),
        ("KSERVE_LOGLEVEL", "LOUD"),
        ("MW_API_MAX_RETRIES", "-1"),
        ("MAX_QUEUE_SECONDS", "-1"),
        ("MAX_QUEUE_SECONDS", "inf"),
        ("WIKI_HOST", "en.wikipedia.org\n"),
        ("WIKI_HOST", "en.wikipedia.org\r\nX-Other: 1"),
        ("WIKI_HOST", "en wikipedia org"),
        ("WIKI_HOST", "https://en.wikipedia.org"),
        ("WIKI_HOST", "en..wikipedia.org"),
        ("WIKI_HOST", "вики"),
        ("WIKI_URL", "http://localhost\n:8090"),
        ("WIKI_URL", "http://localhost:8090/?x=1"),
        ("WIKI_URL", "http://localhost:8090/#x"),
        ("WIKI_URL", "http://a..b/"),
        ("WIKI_URL", f"http://{'a' * 64}.org/"),
        ("WIKI_URL", "ftp://localhost/"),
        ("EVENTGATE_URL", "http://localhost\t:8192/v1/events"),
        ("EVENTGATE_URL", "http://a..b/v1/events"),
        ("CACHE_BYTES", "-1"),
        ("CACHE_TTL_SECONDS", "0"),
        ("CACHE_URL", "http://redis:6379/0"),
        ("CACHE_URL", "redis://"),
        ("CACHE_URL", "redis://redis:port/0"),
        ("CACHE_URL", "redis://redis:6379/zero"),
        ("CACHE_URL", "redis://redis:6379/0\n"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_name(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings(RevscoringSettings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WIKI_HOST", "en.wikipedia.org"),
        ("WIKI_HOST", "localhost:8090"),
        ("WIKI_HOST", "[::1]:8090"),
        ("WIKI_URL", "http://api-ro.discovery.wmnet"),
        ("WIKI_URL", "http://[::1]:6500"),
        ("WIKI_URL", "http://127.0.0.1:6500/base/"),
        ("EVENTGATE_URL", "https://eventgate-main.discovery.wmnet:4492/v1/events?hasty=true"),
        ("CACHE_URL", "redis://redis"),
        ("CACHE_URL", "rediss://name:pass@redis.discovery.wmnet:6379/3"),
    ],
)
def test_hosts_and_addresses_are_read(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    settings = load_settings(RevscoringSettings)
    assert str(getattr(settings, name.lower())).rstrip("/") == value.rstrip("/")


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_value_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(SettingsError, match=f"^{name}: "):
        load_settings(RevscoringSettings)


def test_all_wrong_values_are_named_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NUM_THREADS", "many")
    environment.setenv("PREPROCESS_MP", "?")
    with pytest.raises(SettingsError) as caught:
        load_settings(RevscoringSettings)
    assert sorted(re.findall("^([A-Z_]+):", str(caught.value), re.M)) == [
        "NUM_THREADS",
        "PREPROCESS_MP",
    ]


def test_the_documentation_has_the_table_as_it_is_now() -> None:
    assert (
        as_markdown(settings_by_image()) in DOCS.read_text()
    ), "docs/configuration.md is stale: paste what `liftwing-serving settings --markdown` prints"


class Small(ServerSettings):
    """A family that asks no wiki."""

    threshold: float = 0.5
    """From where on."""


def test_a_family_is_not_asked_for_what_it_does_not_read() -> None:
    assert load_settings(Small).threshold == 0.5
    for part in (ServerSettings, WorkerSettings, MediaWikiSettings, EventSettings):
        assert load_settings(part)


def test_the_documentation_names_for_each_setting_the_images_that_read_it() -> None:
    sections = as_markdown({"editquality": RevscoringSettings, "small": Small}).split("## ")
    readers = {
        name: re.findall("^Read by: (.*)\\.$", section, re.M)
        for section in sections
        for name in re.findall("^\\| ([A-Z0-9_]+) \\|", section, re.M)
    }
    assert readers["THRESHOLD"] == ["small"]
    assert readers["WIKI_URL"] == ["editquality"]
    assert readers["MAX_BODY_BYTES"] == ["editquality, small"]
    assert len(readers) == len(RevscoringSettings.model_fields) + 1


def test_what_is_given_is_not_looked_for_in_the_environment(
    environment: pytest.MonkeyPatch,
) -> None:
    assert load_settings(RevscoringSettings, inference_name="x-y").inference_name == "x-y"


def test_only_servers_of_topics_are_asked_for_embeddings(environment: pytest.MonkeyPatch) -> None:
    assert str(load_settings(EmbeddingSettings).word2vec_path) == "/mnt/models/word2vec"
    asked = {image for image, kind in families.settings_by_image().items() if kind is TopicSettings}
    assert asked == {"topic", "revscoring"}
    assert set(families.settings_by_image()) == {*(it.folder for it in FAMILIES), "revscoring"}


def test_every_setting_is_documented() -> None:
    undocumented = [
        name
        for kind in settings_by_image().values()
        for name, field in kind.model_fields.items()
        if not field.description
    ]
    assert undocumented == []
