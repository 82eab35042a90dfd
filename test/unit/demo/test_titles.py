"""Titles are read as MediaWiki reads them."""

import pytest
from liftwing_demo.wiki.titles import BadTitle, Title, parse_title


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("aardvark", "Aardvark"),
        ("_two__words_", "Two words"),
        ("talk : a", "Talk:A"),
        ("PROJECT:about", "Wikipedia:About"),
        ("image:X.png", "File:X.png"),
        (":Category:X", "Category:X"),
        ("Not a namespace:x", "Not a namespace:x"),
        ("A#place", "A"),
        ("&eacute;lan", "Élan"),
        ("e\u0301lan", "Élan"),
        ("a\u00a0\u3000b", "A b"),
        ("#place", ""),
    ],
)
def test_a_title_is_normalized(given: str, full: str) -> None:
    assert parse_title(given).full == full


def test_a_default_namespace_yields_to_a_prefix_and_to_a_colon() -> None:
    assert parse_title("x", 2) == Title(2, "X")
    assert parse_title("Help:x", 2) == Title(12, "X")
    assert parse_title(":x", 2) == Title(0, "X")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "empty"),
        ("_", "empty"),
        ("Talk:", "empty"),
        ("a[b", 'invalid characters: "["'),
        ("50%41", 'invalid characters: "%41"'),
        ("&x;", "invalid characters"),
        ("tab\tbed", "invalid characters"),
        ("..", "relative path"),
        ("a/./b", "relative path"),
        ("a~~~", "tilde"),
        ("x" * 256, "too long"),
        ("::x", "colon"),
        ("Talk:User:x", "talk page that cannot exist"),
        ("\ufffd", "UTF-8"),
    ],
)
def test_what_cannot_be_a_title_has_a_reason(given: str, reason: str) -> None:
    with pytest.raises(BadTitle, match=reason.replace("[", r"\[")):
        parse_title(given)


def test_a_title_may_have_255_bytes() -> None:
    assert parse_title("ж" * 127).full == "Ж" + "ж" * 126
    with pytest.raises(BadTitle):
        parse_title("ж" * 128)
