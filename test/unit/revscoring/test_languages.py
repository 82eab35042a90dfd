"""A request's `lang` is that of the server's wiki, or the request is refused."""

import pytest
from liftwing_serving.errors import BadRequest
from liftwing_serving.revscoring.catalogue import services
from liftwing_serving.revscoring.languages import check_language


@pytest.mark.parametrize(
    ("wiki", "languages"),
    [
        ("enwiki", ["en"]),
        ("enwiktionary", ["en"]),
        ("frwikisource", ["fr"]),
        ("eswikibooks", ["es"]),
        ("simplewiki", ["simple"]),
        ("wikidatawiki", ["wikidata"]),
        ("be_x_oldwiki", ["be-x-old", "be_x_old", "be-tarask", "be_tarask"]),
        ("zh_min_nanwiki", ["zh-min-nan", "zh_min_nan", "nan"]),
        ("nowiki", ["no", "nb"]),
    ],
)
def test_the_wikis_own_language_is_taken_with_hyphens_or_underscores(
    wiki: str, languages: list[str]
) -> None:
    for language in languages:
        check_language({"lang": language}, wiki)


@pytest.mark.parametrize(
    ("wiki", "language"),
    [
        ("enwiki", "de"),
        ("enwiki", "enwiki"),
        ("enwiki", ""),
        ("nowiki", "nn"),
        ("bewiki", "be-tarask"),
    ],
)
def test_another_language_is_refused_by_name(wiki: str, language: str) -> None:
    with pytest.raises(BadRequest, match=f'Expected "lang" to be that of {wiki}'):
        check_language({"lang": language}, wiki)


@pytest.mark.parametrize("language", [None, 5, True, ["en"]])
def test_what_is_no_text_is_refused(language: object) -> None:
    with pytest.raises(BadRequest, match='Expected "lang" to be a string.'):
        check_language({"lang": language}, "enwiki")


def test_every_wiki_in_production_has_a_language() -> None:
    for service in services():
        check_language({}, service.wiki)
        assert service.wiki.endswith(("wiki", "wikibooks", "wikiquote", "wikisource", "wiktionary"))
