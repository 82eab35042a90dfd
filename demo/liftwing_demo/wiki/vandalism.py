"""The kinds of edits that damage a page, in bad faith or out of inexperience."""

import re
from random import Random
from string import ascii_lowercase

from liftwing_demo.wiki.edits import Change, Kind
from liftwing_demo.wiki.wikitext import insert, paragraph, replace, sections, sentence_gap, words

_INNOCENT = ("", "", "", "", "fixed typo", "added info", "update", "copy edit", "lol")
_INSULTS = (
    "is stupid",
    "sucks so bad lol",
    "is a dumb idiot",
    "poop poop poop",
    "is crap and so are you",
    "haha loser",
    "what a bunch of morons",
    "smells like butt",
)
_TESTS = (
    "'''Bold text'''",
    "''Italic text''",
    "[[Link title]]",
    "<nowiki>Insert non-formatted text here</nowiki>",
    "[[File:Example.jpg|thumb|caption]]",
    "== Headline text ==",
    "hello can i edit this",
    "test",
    '{| class="wikitable"\n|-\n! Header text\n|}',
)


def insult(rng: Random, text: str) -> Change | None:
    """Insulting words between two sentences, or in the place of a word."""
    phrase = rng.choice(_INSULTS)
    found = words(text, *paragraph(rng, text))
    if found and rng.random() < 0.4:
        match = rng.choice(found)
        return Change(replace(text, *match.span(), phrase), match.start(), rng.choice(_INNOCENT))
    place = sentence_gap(rng, text)
    return Change(insert(text, place, f" {phrase}"), place, rng.choice(_INNOCENT))


def repeat_characters(rng: Random, text: str) -> Change | None:
    """A key held down."""
    piece = rng.choice(("a", "h", "!", "lol", "ha", "x", "z", "?")) * rng.randint(8, 60)
    place = sentence_gap(rng, text)
    return Change(insert(text, place, " " + piece), place, rng.choice(_INNOCENT))


def nonsense(rng: Random, text: str) -> Change | None:
    """Random letters."""
    pieces = (
        "".join(rng.choices(ascii_lowercase, k=rng.randint(4, 14)))
        for _ in range(rng.randint(2, 9))
    )
    place = sentence_gap(rng, text)
    return Change(insert(text, place, " " + " ".join(pieces)), place, rng.choice(_INNOCENT))


def blank_section(rng: Random, text: str) -> Change | None:
    """A section with its heading is gone."""
    found = sections(text)
    if not found:
        return None
    section = rng.choice(found)
    summary = rng.choice(("", "", f"/* {section.title} */", "removed"))
    return Change(replace(text, section.start, section.end, ""), section.start, summary)


def blank_page(rng: Random, text: str) -> Change | None:
    """Nothing is left."""
    return Change("", 0, rng.choice(("", "Blanked the page", "bye")))


def replace_page(rng: Random, text: str) -> Change | None:
    """A line in the place of the whole page."""
    line = rng.choice(("hi mom", "this page was boring", "HELLO WORLD!!!", "you have been pranked"))
    return Change(line, 0, rng.choice(("", f"Replaced content with '{line}'")))


def change_number(rng: Random, text: str) -> Change | None:
    """A number made wrong without a word."""
    numbers = list(re.finditer(r"(?<![\w/=.,-])[1-9]\d{1,5}(?![\w/=.-])", text))
    if not numbers:
        return None
    match = rng.choice(numbers)
    value = rng.choice((int(match[0]) * 10 + 7, int(match[0]) + 100, 69, 420, 1))
    return Change(replace(text, *match.span(), str(value)), match.start(), rng.choice(_INNOCENT))


def link_spam(rng: Random, text: str) -> Change | None:
    """Links to a shop."""
    number = rng.randint(1, 400)
    links = "".join(
        f"\n* [http://cheap-deals-{number}.example/{page} Best prices online, buy now]"
        for page in range(rng.randint(1, 4))
    )
    return Change(text + links, len(text), rng.choice(("useful links", "", "added resource")))


def shout(rng: Random, text: str) -> Change | None:
    """A stretch of prose in capitals."""
    start, end = paragraph(rng, text)
    end = min(end, start + rng.randint(60, 300))
    edited = replace(text, start, end, text[start:end].upper())
    return Change(edited, start, rng.choice(_INNOCENT))


def try_buttons(rng: Random, text: str) -> Change | None:
    """A newcomer tries the buttons of the editor."""
    place = sentence_gap(rng, text)
    summary = rng.choice(("", "", "test", "just trying", "my first edit"))
    return Change(insert(text, place, rng.choice(_TESTS)), place, summary)


def break_markup(rng: Random, text: str) -> Change | None:
    """A newcomer loses the end of a template."""
    places = [match.start() for match in re.finditer(r"\}\}", text)]
    if not places:
        return None
    place = rng.choice(places)
    summary = rng.choice(("", "fixed link", "added a word"))
    return Change(replace(text, place, place + 2, " added "), place, summary)


def add_opinion(rng: Random, text: str) -> Change | None:
    """What somebody thinks, meant well."""
    opinions = (
        "I think this is very important for everyone to know!",
        "In my opinion this is the best one ever made.",
        "My teacher told me that this is not true.",
        "Somebody should write more about this please.",
    )
    place = sentence_gap(rng, text)
    summary = rng.choice(("", "added my view", "important", "added info"))
    return Change(insert(text, place, " " + rng.choice(opinions)), place, summary)


BLANKING = (Kind("blank_page", blank_page, 1, damaging=True, goodfaith=False),)
BAD = (
    Kind("insult", insult, 20, damaging=True, goodfaith=False),
    Kind("repeat_characters", repeat_characters, 12, damaging=True, goodfaith=False),
    Kind("nonsense", nonsense, 12, damaging=True, goodfaith=False),
    Kind("blank_section", blank_section, 10, damaging=True, goodfaith=False),
    Kind("blank_page", blank_page, 5, damaging=True, goodfaith=False),
    Kind("replace_page", replace_page, 4, damaging=True, goodfaith=False),
    Kind("change_number", change_number, 12, damaging=True, goodfaith=False),
    Kind("link_spam", link_spam, 10, damaging=True, goodfaith=False),
    Kind("shout", shout, 7, damaging=True, goodfaith=False),
)
CLUMSY = (
    Kind("test_edit", try_buttons, 12, damaging=True),
    Kind("break_markup", break_markup, 6, damaging=True),
    Kind("add_opinion", add_opinion, 8, damaging=True),
)
