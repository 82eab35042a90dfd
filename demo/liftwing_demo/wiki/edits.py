"""The kinds of edits that improve a page, and what every kind of edit has in common."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from liftwing_demo.wiki.wikitext import (
    insert,
    paragraph,
    replace,
    section_at,
    sections,
    sentence_gap,
    words,
)

MISSPELLINGS = {
    "the": "teh",
    "their": "thier",
    "which": "wich",
    "first": "frist",
    "because": "becuase",
    "government": "goverment",
    "different": "diffrent",
    "between": "beetween",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A new text, where it differs and what its author says about it."""

    text: str
    place: int
    summary: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of edit: `make` gives None where a text offers no occasion for it."""

    name: str
    make: Callable[[Random, str], Change | None]
    weight: int
    damaging: bool = False
    goodfaith: bool = True


def pick_change(rng: Random, text: str, kinds: Sequence[Kind]) -> tuple[Kind, Change]:
    """A weighted choice among the kinds that fit the text.

    Raises:
        LookupError: none of them fits.
    """
    left = list(kinds)
    while left:
        kind = rng.choices(left, [candidate.weight for candidate in left])[0]
        change = kind.make(rng, text)
        if change is not None and change.text != text:
            return kind, change
        left.remove(kind)
    raise LookupError("no kind of edit fits the text")


def comment_of(rng: Random, before: str, change: Change) -> str:
    """The summary, most often behind the section's name as section editing puts it."""
    title = section_at(before, min(change.place, len(before)))
    if title and rng.random() < 0.65:
        return f"/* {title} */ {change.summary}".strip()
    return change.summary


def copy_edit(rng: Random, text: str) -> Change | None:
    """One common phrase gets another wording."""
    pairs = (
        (" which ", " that "),
        (" such as ", " including "),
        (" also ", " "),
        (" however ", " though "),
        (" in order to ", " to "),
        (" due to ", " because of "),
        (" many ", " several "),
        (" were ", " had been "),
        (" large ", " sizeable "),
    )
    old, new = rng.choice(pairs)
    places = [match.start() for match in re.finditer(old, text)]
    if not places:
        return None
    place = rng.choice(places)
    summaries = ("copy edit", "ce", "wording", "minor edit, clarity", "npov wording", "")
    edited = replace(text, place, place + len(old), new)
    return Change(edited, place, rng.choice(summaries), rng.random() < 0.5)


def _sentence(rng: Random, text: str) -> str:
    known = [match[0] for match in words(text, *paragraph(rng, text))] or ["this", "article"]
    chosen = [rng.choice(known) for _ in range(rng.randint(7, 18))]
    return " ".join(chosen).capitalize() + "."


def add_sentence(rng: Random, text: str) -> Change | None:
    """A sentence out of the article's own words."""
    place = sentence_gap(rng, text)
    summaries = ("added detail", "expand", "add information", "more on this", "")
    return Change(insert(text, place, " " + _sentence(rng, text)), place, rng.choice(summaries))


def add_misspelt_sentence(rng: Random, text: str) -> Change | None:
    """A sentence with a slip in it, which a later edit may mend."""
    right, wrong = rng.choice(list(MISSPELLINGS.items()))
    place = sentence_gap(rng, text)
    sentence = f" {_sentence(rng, text)[:-1]} {wrong} {right}."
    return Change(insert(text, place, sentence), place, rng.choice(("added a line", "update", "")))


def fix_typo(rng: Random, text: str) -> Change | None:
    """A slip of an earlier edit is mended."""
    slips = [
        (match, right)
        for right, wrong in MISSPELLINGS.items()
        for match in re.finditer(rf"\b{wrong}\b", text)
    ]
    if not slips:
        return None
    match, right = rng.choice(slips)
    summary = rng.choice(("typo", "sp", "spelling", "Fixed typo"))
    return Change(replace(text, *match.span(), right), match.start(), summary, True)


def add_reference(rng: Random, text: str) -> Change | None:
    """A source in a citation template."""
    place = sentence_gap(rng, text)
    number = rng.randint(100, 99999)
    year = rng.randint(1985, 2021)
    source = rng.choice(("web", "book", "journal", "news"))
    cite = (
        f"<ref>{{{{cite {source}|url=https://library.example/item/{number}"
        f"|title=Volume {number}|year={year}|access-date=2022-03-{rng.randint(1, 28):02}}}}}</ref>"
    )
    summaries = ("add source", "+ref", "cite per [[WP:V]]", "Added citation", "reference added")
    return Change(insert(text, place, cite), place, rng.choice(summaries))


def add_template(rng: Random, text: str) -> Change | None:
    """A maintenance template at the top."""
    names = ("Use dmy dates", "Use mdy dates", "More citations needed", "Use British English")
    line = f"{{{{{rng.choice(names)}|date=March 2022}}}}\n"
    return Change(line + text, 0, rng.choice(("tag", "date format", "maintenance template")), True)


def add_link(rng: Random, text: str) -> Change | None:
    """A word becomes a wikilink."""
    found = [match for match in words(text, *paragraph(rng, text)) if len(match[0]) > 5]
    if not found:
        return None
    match = rng.choice(found)
    summary = rng.choice(("link", f"linking [[{match[0].capitalize()}]]", "wikify", "+wl"))
    return Change(replace(text, *match.span(), f"[[{match[0]}]]"), match.start(), summary, True)


def remove_link(rng: Random, text: str) -> Change | None:
    """A wikilink becomes plain text."""
    links = list(re.finditer(r"\[\[(?:[^\[\]|:]+\|)?([^\[\]|:]+)\]\]", text))
    if not links:
        return None
    match = rng.choice(links)
    summary = rng.choice(("[[WP:OVERLINK]]", "unlink", "rm duplicate link"))
    return Change(replace(text, *match.span(), match[1]), match.start(), summary, True)


def add_category(rng: Random, text: str) -> Change | None:
    """A category at the end."""
    subject = rng.choice(("Articles", "Concepts", "Topics", "Subjects"))
    line = f"\n[[Category:{subject} reviewed in {rng.randint(2015, 2022)}]]"
    return Change(text + line, len(text), rng.choice(("+cat", "categorise", "added category")))


def move_section(rng: Random, text: str) -> Change | None:
    """Two neighbouring sections of one level change places."""
    found = sections(text)
    pairs = [(a, b) for a, b in zip(found, found[1:], strict=False) if a.level == b.level]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    moved = text[second.start : second.end].rstrip() + "\n\n" + text[first.start : first.end]
    edited = replace(text, first.start, second.end, moved)
    return Change(edited, first.start, f"moved section below [[#{second.title}]]")


def remove_sentence(rng: Random, text: str) -> Change | None:
    """A sentence goes, with a reason given."""
    place = sentence_gap(rng, text)
    end = text.find(". ", place + 2)
    newline = text.find("\n", place)
    if end < 0 or (0 <= newline < end):
        return None
    summaries = ("remove unsourced claim", "trim per [[WP:UNDUE]]", "redundant", "tighten")
    return Change(replace(text, place, end + 1, ""), place, rng.choice(summaries))


def update_figure(rng: Random, text: str) -> Change | None:
    """A number is brought up to date, with a word about where it is from."""
    numbers = list(re.finditer(r"(?<![\w/=.,-])[1-9]\d{2,5}(?![\w/=.-])", text))
    if not numbers:
        return None
    match = rng.choice(numbers)
    value = int(match[0]) + rng.randint(1, 9)
    summary = rng.choice(("updated figure per source", "correct number, see source", "update"))
    return Change(replace(text, *match.span(), str(value)), match.start(), summary)


def add_foreign_name(rng: Random, text: str) -> Change | None:
    """A name in a script that needs characters beyond the basic plane."""
    names = ("𐌰𐍄𐍄𐌰", "𓀀𓂋𓏏", "𐤀𐤋𐤐", "𝔄𝔩𝔱", "🜁🜂")
    place = sentence_gap(rng, text)
    sentence = f" It is written {rng.choice(names)} in old sources."
    summaries = ("native name 𐌰𐌱", "הוספת שם מקומי", "إضافة الاسم المحلي", "added name 🦔")
    return Change(insert(text, place, sentence), place, rng.choice(summaries))


def bot_tidy(rng: Random, text: str) -> Change | None:
    """What robots do: tidy the markup, always with the same sort of summary."""
    spots = list(re.finditer(r"http://|[ \t]+$|<br>", text, re.MULTILINE))
    if not spots:
        return None
    match = rng.choice(spots)
    tidy = {"http://": "https://", "<br>": "<br />"}.get(match[0], "")
    edited = replace(text, *match.span(), tidy)
    return Change(edited, match.start(), "Robot: tidying markup, see [[User:TidyBot]]", True)


GOOD = (
    Kind("copy_edit", copy_edit, 22),
    Kind("add_sentence", add_sentence, 16),
    Kind("add_misspelt_sentence", add_misspelt_sentence, 6),
    Kind("fix_typo", fix_typo, 9),
    Kind("add_reference", add_reference, 14),
    Kind("add_template", add_template, 3),
    Kind("add_link", add_link, 9),
    Kind("remove_link", remove_link, 5),
    Kind("add_category", add_category, 4),
    Kind("move_section", move_section, 3),
    Kind("remove_sentence", remove_sentence, 4),
    Kind("update_figure", update_figure, 6),
    Kind("add_foreign_name", add_foreign_name, 2),
)
BY_ROBOT = (Kind("bot_tidy", bot_tidy, 6), Kind("add_template", add_template, 1))
WITH_FOREIGN_NAME = (Kind("add_foreign_name", add_foreign_name, 1),)
GROWTH = (Kind("add_sentence", add_sentence, 2), Kind("add_reference", add_reference, 1))
