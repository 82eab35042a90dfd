"""What can be said of each sort of thing, as pairs of a property and a value."""

from collections.abc import Callable
from random import Random

from liftwing_demo.items import vocabulary as v
from liftwing_demo.items.entity import (
    Document,
    of_day,
    of_item,
    of_place,
    of_quantity,
    of_text,
    of_title,
    of_year,
)
from liftwing_demo.items.subjects import Subject

FIRST_ITEM = 200_000_001
"""The number of the first item; beyond those that Wikidata has."""

Fact = tuple[str, Document | None]


def facts_about(rng: Random, subject: Subject) -> list[Fact]:
    """All that is to be said, in the order in which it is: first what sort of thing it is.

    Identifiers in other catalogues come last.
    """
    own = _FACTS[subject.sort.facts](rng, subject)
    numbers = [(name, of_text(str(rng.randint(10**6, 10**9)))) for name in v.EXTERNAL_IDS]
    return [(v.INSTANCE_OF, of_item(subject.sort.class_id)), *own, *_media(subject), *numbers]


def _media(subject: Subject) -> list[Fact]:
    if subject.sort.facts in ("page", "idea"):
        return [(v.COMMONS_CATEGORY, of_text(subject.title))]
    address = f"https://{subject.title.lower().replace(' ', '-')}.example/"
    return [
        (v.IMAGE, of_text(f"{subject.title} 1.jpg")),
        (v.COMMONS_CATEGORY, of_text(subject.title)),
        (v.WEBSITE, of_text(address)),
    ]


def _person(rng: Random, subject: Subject) -> list[Fact]:
    work = v.OCCUPATIONS[subject.occupation or rng.choice(list(v.OCCUPATIONS))]
    facts: list[Fact] = [
        (v.SEX, of_item(rng.choice((v.MALE, v.FEMALE)))),
        (v.OCCUPATION, of_item(work)),
        (v.CITIZENSHIP, of_item(rng.choice(v.COUNTRIES))),
    ]
    if subject.born:
        facts.append((v.BORN, of_day(subject.born, rng.randint(1, 12), rng.randint(1, 28))))
    if subject.died:
        facts.append((v.DIED, of_year(subject.died)))
    if not subject.born:
        facts += [(v.BORN, None), (v.DIED, of_year(-rng.randint(300, 500)))]
    return facts


def _place(rng: Random, subject: Subject) -> list[Fact]:
    degrees = round(rng.uniform(-60, 60), 2), round(rng.uniform(-180, 180), 2)
    facts: list[Fact] = [(v.COORDINATES, of_place(*degrees))]
    if subject.sort.name != "ocean":
        facts.append((v.COUNTRY, of_item(rng.choice(v.COUNTRIES))))
    if subject.sort.name in ("town", "state", "country"):
        people = rng.randint(900, 9_000_000)
        facts.append((v.POPULATION, of_quantity(people, within=people // 100)))
        facts.append((v.INCEPTION, of_year(subject.year or rng.randint(1000, 1900))))
    return facts


def _work(rng: Random, subject: Subject) -> list[Fact]:
    maker = v.DIRECTOR if subject.sort.name == "film" else v.AUTHOR
    return [
        (v.TITLE, of_title(subject.title)),
        (maker, of_item(_item_of_ours(rng))),
        (v.PUBLISHED, of_year(subject.year or rng.randint(1800, 2015))),
        (v.LANGUAGE, of_item(rng.choice(("Q1860", "Q188", "Q150", "Q1321")))),
        (v.ORIGIN, of_item(rng.choice(v.COUNTRIES))),
    ]


def _taxon(rng: Random, subject: Subject) -> list[Fact]:
    rank = "Q7432" if " " in subject.title else rng.choice(("Q36602", "Q37517"))
    return [
        (v.TAXON_NAME, of_text(subject.title)),
        (v.TAXON_RANK, of_item(rank)),
        (v.PARENT_TAXON, of_item(rng.choice(("Q7377", "Q10908", "Q127282", "Q1390", "Q756")))),
    ]


def _event(rng: Random, subject: Subject) -> list[Fact]:
    if subject.sort.name == "star":
        away = rng.randint(4, 9000)
        return [
            (v.CONSTELLATION, of_item(rng.choice(("Q10519", "Q8860", "Q8918", "Q9282")))),
            (v.DISTANCE, of_quantity(away, v.LIGHT_YEAR, within=away // 10)),
        ]
    return [
        (v.COUNTRY, of_item(rng.choice(v.COUNTRIES))),
        (v.POINT_IN_TIME, of_year(subject.year or rng.randint(1500, 2000))),
        (v.PART_OF, of_item(_item_of_ours(rng))),
    ]


def _body(rng: Random, subject: Subject) -> list[Fact]:
    return [
        (v.INCEPTION, of_year(subject.year or rng.randint(1850, 2010))),
        (v.COUNTRY, of_item(rng.choice(v.COUNTRIES))),
    ]


def _idea(rng: Random, subject: Subject) -> list[Fact]:
    return [
        (v.SUBCLASS_OF, of_item(_item_of_ours(rng))),
        (v.PART_OF, of_item(_item_of_ours(rng))),
        (v.STUDIED_BY, of_item(_item_of_ours(rng))),
        (v.MAIN_CATEGORY, of_item(_item_of_ours(rng))),
    ]


def _page(rng: Random, subject: Subject) -> list[Fact]:
    return []


def _item_of_ours(rng: Random) -> str:
    return f"Q{FIRST_ITEM + rng.randint(0, 99)}"


_FACTS: dict[str, Callable[[Random, Subject], list[Fact]]] = {
    "person": _person,
    "place": _place,
    "work": _work,
    "taxon": _taxon,
    "event": _event,
    "body": _body,
    "idea": _idea,
    "page": _page,
}
