"""Which links MediaWiki sees in a text, in which order; test_real_mediawiki.py compares the two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from liftwing_demo.wiki.parser import links_of
from liftwing_demo.wiki.titles import Title, parse_title


def titles(text: str, page: str = "Page") -> list[str]:
    """As if no page existed, which leaves the text's order."""
    return [title.full for title in links_of(text, parse_title(page)).ordered(lambda found: [])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[A]] [[b|c]] [[A#x|y]] [[b]]", ["A", "B"]),
        ("[[a_b]]s [[ a  b ]] [[&amp;c]] [[%41]]", ["A b", "&c", "A"]),
        ("[[A[b]] [[<b>]] [[]] [[|x]] [[A\nb]]", []),
        ("[[#below]] [[Special:Version]] [[Media:X.png]] [[Category:C]]", []),
        ("[[:Category:C]] [[:File:F.png]] [[Talk:T]]", ["Talk:T", "File:F.png", "Category:C"]),
        ("[http://x [[A]]] [[http://b]] [[//c]]", ["A"]),
        ("[[Page]] [[page#x]] [[Page 2]]", ["Page", "Page 2"]),
        ("[[A|[[B]]]] [[C", ["B"]),
        ("[[File:F.png|thumb|a [[B]] of [[C|c]]]] [[D]]", ["B", "C", "D"]),
        ("[[File:F.png|thumb|a [[B]] of", ["B"]),
        ("[[File:F.png|link=Elsewhere]] [[Image:G.png]] [[H]]", ["Elsewhere", "H"]),
        ("<!-- [[A]] --> [[B]] <!-- [[C]]", ["B"]),
        ("<nowiki>[[A]]</nowiki><pre>[[B]]</pre> <nowiki/>[[C]] <nowiki>[[D]]", ["C", "D"]),
        ("[[A<nowiki>b</nowiki>]] [[C|<nowiki>d</nowiki>]]", ["C"]),
        ("<includeonly>[[A]]</includeonly><noinclude>[[B]]</noinclude>", ["B"]),
        ("<ref>[[A]]</ref><math>[[B]]</math>", ["A", "B"]),
        ("<gallery>\nFile:F.png|of [[A]]\nG.png\n</gallery>[[B]]", ["A", "B"]),
        ("{{Name|[[A]]}} [[B]] {{other name}}", ["B", "Template:Name", "Template:Other name"]),
        ("{{:Whole page}} {{Talk:X}}", ["Whole page", "Talk:X"]),
        ("{{#if:x|[[A]]}} {{a[b|[[C]]}} {{subst:D|[[E]]}}", ["A", "C", "E"]),
        ("{{PAGENAME}} {{DEFAULTSORT:[[A]]}} {{lc:[[B]]}} {{formatnum:[[C]]}}", ["B", "C"]),
        ("{{#tag:ref|[[A]]|name=x}} {{#tag:nowiki|[[B]]}}", ["A"]),
        ("{{{x|[[A]]}}} {{{y}}} {{{{{z}}}}}", ["A"]),
        ("{{a|[[b}} [[C]]", ["C"]),
        ("{{a|\n== b }} ==\n[[C]] }} [[D]]", ["D", "Template:A"]),
        ("{{a|\n=b }} [[C]]", ["C", "Template:A"]),
        ("-{[[A]]}- -{{b}}", ["A", "Template:B"]),
        ("[[A{{!}}b]] [[{{c}}]]", ["A", "Template:C"]),
        ("__TOC__[[A]] [[__NOTOC__B]]", ["A", "B"]),
        ("[[Wikt:x]] [[fr:X]]", ["Wikt:x", "Fr:X"]),
    ],
)
def test_the_links_of(text: str, expected: list[str]) -> None:
    assert titles(text) == expected


def test_pages_that_exist_come_first_and_in_the_order_of_the_index() -> None:
    mentioned = links_of("[[C]] [[B]] [[D]] [[Talk:A]] [[A]]", parse_title("Page"))
    existing = {"A", "C", "Talk:A"}

    def look_up(asked: object) -> list[Title]:
        return [parse_title(name) for name in sorted(existing)]

    found = {title.full: exists for title, exists in mentioned.ordered(look_up).items()}
    assert list(found.items()) == [
        ("A", True), ("C", True), ("B", False), ("D", False), ("Talk:A", True)
    ]  # fmt: skip


def test_a_link_to_a_place_in_the_page_itself_comes_first() -> None:
    mentioned = links_of("[[A]] [[Page#x]]", parse_title("Page"))
    found = mentioned.ordered(lambda asked: [parse_title("A"), parse_title("Page")])
    assert [title.full for title in found] == ["Page", "A"]


def test_very_many_links_are_looked_up_group_by_group() -> None:
    text = "".join(f"[[Z{number:04}]]" for number in range(1001)) + "[[A]][[B]]"
    mentioned = links_of(text, parse_title("Page"))
    assert [len(group.looked_up) for group in mentioned.groups] == [1001, 2]
    found = mentioned.ordered(lambda asked: [title for title in asked if title.name == "B"])
    assert [title.full for title in found][-2:] == ["B", "A"]


MARKUP = st.lists(
    st.sampled_from(
        ["[[", "]]", "{{", "}}", "{{{", "}}}", "|", "=", "\n", "-{", "}-", "<!--", "-->", "a", ":"]
        + ["<nowiki>", "</nowiki>", "<gallery>", "</gallery>", "File:", "==", "[", "]", "{", "}"]
    ),
    max_size=60,
).map("".join)


@settings(deadline=None, max_examples=300)
@given(MARKUP)
def test_any_markup_is_read_to_its_end(text: str) -> None:
    assert "Last" in titles(f"{text}-->\n</nowiki></gallery>]]]]}}}}}}\n\n[[Last]]") or any(
        opening in text for opening in ("{{", "[[", "<", "-{")
    )
