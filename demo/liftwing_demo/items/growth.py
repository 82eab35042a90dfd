"""The edits by which an item grows, and those by which it suffers. Each tells its summary."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from liftwing_demo.items import vocabulary as v
from liftwing_demo.items.entity import (
    Document,
    of_day,
    of_item,
    of_text,
    of_year,
    qualify,
    refer,
    sitelink,
    statement,
    statements,
    term,
)
from liftwing_demo.items.facts import Fact
from liftwing_demo.items.subjects import Subject

SITES = tuple(f"{language}wiki" for language in (*v.LANGUAGES[1:], *v.MORE_LANGUAGES))
_INSULTS = ("poop", "a stupid thing", "loser", "haha", "sucks", "asdfgh")


@dataclass(slots=True)
class Growing:
    """An item as it stands, and what is still to be said of it."""

    subject: Subject
    item: Document
    facts: list[Fact]


Edit = Callable[[Random, Growing], str | None]
"""Changes the item and tells the summary, or None where there was nothing to do."""


def found(rng: Random, growing: Growing) -> str:
    """What every item begins with: an English label, sometimes more."""
    subject, item = growing.subject, growing.item
    item["labels"]["en"] = term("en", subject.title)
    if subject.article:
        item["sitelinks"]["enwiki"] = sitelink("enwiki", subject.article, [])
    if rng.random() < 0.5:
        item["descriptions"]["en"] = term("en", subject.sort.words[0])
    return f"/* wbeditentity-create:2|en */ {subject.title}"


def add_facts(rng: Random, growing: Growing) -> str | None:
    """One to four statements, half of them as imported from Wikipedia."""
    if not growing.facts:
        return None
    taken = growing.facts[: rng.randint(1, 4)]
    growing.facts = growing.facts[len(taken) :]
    for property_id, value in taken:
        made = statement(rng, growing.item, property_id, value)
        if rng.random() < 0.5:
            refer(made, {v.IMPORTED_FROM: of_item(v.ENGLISH_WIKIPEDIA)})
    first = taken[0][0]
    return f"/* wbsetclaim-create:2||{len(taken)} */ [[Property:{first}]]"


def add_references(rng: Random, growing: Growing) -> str | None:
    """Sources from outside for several statements that have none."""
    open_ones = [made for made in statements(growing.item) if _lacks_source(made)]
    if not open_ones:
        return None
    for made in open_ones[: rng.randint(2, 8)]:
        number = rng.randint(1, 90_000)
        day = of_day(2022, rng.randint(1, 2), rng.randint(1, 28))
        refer(
            made,
            {
                v.STATED_IN: of_item(rng.choice(v.CATALOGUES)),
                v.REFERENCE_URL: of_text(f"https://catalogue.example/{number}"),
                v.RETRIEVED: day,
            },
        )
    return "/* wbsetreference-add:2| */ [[Property:P248]]"


def _lacks_source(made: Document) -> bool:
    return not any(v.STATED_IN in reference["snaks"] for reference in made.get("references", []))


def add_labels(rng: Random, growing: Growing) -> str | None:
    """The label in more languages."""
    missing = [code for code in (*v.LANGUAGES, *v.MORE_LANGUAGES) if not _has(growing, code)]
    for code in missing[: rng.randint(1, 8)]:
        growing.item["labels"][code] = term(code, growing.subject.title)
    return f"/* wbsetlabel-add:1|{missing[0]} */ {growing.subject.title}" if missing else None


def _has(growing: Growing, code: str) -> bool:
    return code in growing.item["labels"]


def add_descriptions(rng: Random, growing: Growing) -> str | None:
    """What sort of thing it is, in more languages."""
    words = dict(zip(v.LANGUAGES, growing.subject.sort.words, strict=True))
    missing = [code for code in words if code not in growing.item["descriptions"]]
    for code in missing[: rng.randint(1, 6)]:
        growing.item["descriptions"][code] = term(code, words[code])
    return f"/* wbsetdescription-add:1|{missing[0]} */ {words[missing[0]]}" if missing else None


def add_alias(rng: Random, growing: Growing) -> str | None:
    """Another name."""
    name = f"{growing.subject.title} ({growing.subject.sort.words[0]})"
    known = growing.item["aliases"].setdefault("en", [])
    if any(alias["value"] == name for alias in known):
        return None
    known.append(term("en", name))
    return f"/* wbsetaliases-add:1|en */ {name}"


def add_sitelinks(rng: Random, growing: Growing) -> str | None:
    """Pages of other wikis, now and then a featured one."""
    missing = [site for site in SITES if site not in growing.item["sitelinks"]]
    for site in missing[: rng.randint(1, 9)]:
        badges = [rng.choice((v.FEATURED, v.GOOD))] if rng.random() < 0.1 else []
        growing.item["sitelinks"][site] = sitelink(site, growing.subject.title, badges)
    return f"/* wbsetsitelink-add:1|{missing[0]} */ {growing.subject.title}" if missing else None


def add_qualifier(rng: Random, growing: Growing) -> str | None:
    """Since when, or as found how."""
    bare = [made for made in statements(growing.item) if "qualifiers" not in made]
    if not bare:
        return None
    made = rng.choice(bare)
    qualify(made, v.POINT_IN_TIME, of_year(rng.randint(1990, 2021)))
    if rng.random() < 0.4:
        qualify(made, v.DETERMINATION, of_item("Q39825"))
    return f"/* wbsetqualifier-add:1| */ [[Property:{v.POINT_IN_TIME}]]"


def spoil_label(rng: Random, growing: Growing) -> str | None:
    """An insult in the place of the label."""
    word = rng.choice(_INSULTS)
    growing.item["labels"]["en"] = term("en", word)
    return f"/* wbsetlabel-set:1|en */ {word}"


def remove_claims(rng: Random, growing: Growing) -> str | None:
    """All that was said with one property is gone."""
    if not growing.item["claims"]:
        return None
    property_id = rng.choice(list(growing.item["claims"]))
    del growing.item["claims"][property_id]
    return f"/* wbremoveclaims-remove:1| */ [[Property:{property_id}]]"


GROWTH: tuple[tuple[Edit, int], ...] = (
    (add_facts, 9),
    (add_references, 5),
    (add_labels, 5),
    (add_descriptions, 4),
    (add_sitelinks, 3),
    (add_alias, 2),
    (add_qualifier, 2),
)
HARM: tuple[tuple[Edit, int], ...] = ((spoil_label, 3), (remove_claims, 2))
