"""Numbers and names of nodes are those of mwparserfromhell's tree."""

from __future__ import annotations

from collections import Counter
from typing import Any

import mwparserfromhell
import pytest
from hypothesis import given
from hypothesis import strategies as st
from liftwing_serving.revscoring.extraction.markup import Markup, NotRead
from mwparserfromhell.nodes import ExternalLink, Heading, Tag, Template, Wikilink

NAMES = {
    ExternalLink: lambda node: str(node.url),
    Heading: lambda node: str(node.title),
    Tag: lambda node: str(node.tag),
    Template: lambda node: str(node.name),
    Wikilink: lambda node: str(node.title),
}
PIECES = """
a b http://x.y // mailto:a@b < > <ref </ref> <ref> <ref/> / /> <br> <li> name = ' '' ''' " {| |} |-
|| !! ! {{ }} {{{ }}} [[ ]] [ ] * # ; : <!-- --> &amp; &#65; &#x41; & | == ===
<nowiki> </nowiki> <b> </b>
<span style= 漢 <math> </math> ----
ISBN <pre> </pre> &nbsp; <td> </td> class="x" class=a {{a|
""".split() + [
    "\n",
    "\n\n",
    " ",
    "\t",
    "\r",
    "\0",
    "\u3000",
    "\xa0",
    ' class=" x y"',
    "{{a<!-- -->}}",
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(max_size=60)


def of_tree(text: str) -> tuple[Any, ...]:
    nodes: dict[type, list[Any]] = {kind: [] for kind in NAMES}
    for node in mwparserfromhell.parse(text).filter():
        if type(node) in nodes:
            nodes[type(node)].append(node)
    return (
        {kind: len(of) for kind, of in nodes.items()},
        {kind: dict(Counter(map(NAMES[kind], of))) for kind, of in nodes.items()},
        dict(Counter(heading.level for heading in nodes[Heading])),
    )


@given(TEXTS)
def test_the_content_is_what_the_tree_strips_to(text: str) -> None:
    markup = Markup(text)
    try:
        ours = markup.content()
    except (LookupError, ValueError):
        return
    assert ours == mwparserfromhell.parse(text).strip_code()


def of_tokens(text: str) -> tuple[Any, ...]:
    markup = Markup(text)
    return (
        {kind: markup.number(kind) for kind in NAMES},
        {kind: markup.names(kind) for kind in NAMES},
        markup.levels(),
    )


@given(TEXTS)
def test_what_is_read_is_what_the_tree_has(text: str) -> None:
    try:
        read = of_tokens(text)
    except NotRead:
        return
    assert read == of_tree(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{Infobox <!-- of -->\n|name={{x|y={{z}}}}}} {{{a|{{b}}}}}",
        "== A [[b|c]] ==\ntext\n=== '''d''' ===\n",
        "[http://a.b c] http://d.e [[File:f.jpg|thumb|[[g]] {{h}}]]",
        '{| class="x"\n! a\n| b || {{c}}\n|-\n| d\n|}\n* e\n; f : g\n----',
        "<ref name=a/><ref>b</ref><br><span {{c}}>d</span><nowiki>{{e}}</nowiki>",
        "{{a|b [[c {{d}} <!-- e",
        "{{a{{b|c}}d|e}} [[f{{g|h}}i|j]] <k{{l|m}}n>o</k>",
    ],
)
def test_markup_within_markup_is_read(text: str) -> None:
    assert of_tokens(text) == of_tree(text)
    assert Markup(text).content() == mwparserfromhell.parse(text).strip_code()
    assert any(of_tokens(text)[0].values())


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("a [[b]] [[c|d]] {{e}} <!-- f -->g", "a b d  g"),
        ("http://a.b [http://c.d] [http://e.f g]", "http://a.b  g"),
        ("<b>a</b><math>b</math><br><gallery>c</gallery>", "a"),
        ("{{{a}}}{{{b|c}}} &amp;&#65;&#x42;", "c &AB"),
        ("== a ==\n\n\n{{b}}\n\n\nc\n", " a \n\nc"),
    ],
)
def test_the_content_of_markup(text: str, content: str) -> None:
    assert Markup(text).content() == content == mwparserfromhell.parse(text).strip_code()


def test_an_attribute_that_the_library_may_refuse_is_left_to_it() -> None:
    with pytest.raises(NotRead):
        Markup("<span class={{a}}b>c</span>")
