"""What the items are about: the articles of the other demo wiki, and things that do not exist."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from liftwing_demo.items import vocabulary as v
from liftwing_demo.wiki.articles import Article

_CATEGORY = re.compile(r"\[\[Category:([^\]|]+)", re.IGNORECASE)
_BORN = re.compile(r"([0-9]{3,4}) births")
_DIED = re.compile(r"([0-9]{3,4}) deaths")
_YEAR = re.compile(r"\b(1[0-9]{3}|20[0-2][0-9])\b")
_SORT_OF_CATEGORY = (
    (r"births|deaths|^[0-9]+ BC$", "human"),
    (r"^Lists? of", "list"),
    (r"disambiguation", "disambiguation"),
    (r"^(Countries in|.* countries and territories$)", "country"),
    (r"^(States of the United States|Provinces and territories|Continents)", "state"),
    (r"\bfilms$", "film"),
    (r"\b(novels|books|essays|Pamphlets)\b", "book"),
    (r"\b(songs|Compositions|compositions)\b", "music"),
    (r"\b(described in|Mammals|fish|Amphibians|Algae|Trilobite|trilobites)\b", "taxon"),
    (r"\blanguages?$", "language"),
    (r"\b(gods|God|Deities|Iliad|mytholog)", "deity"),
    (r"\b(Apollo program)\b", "flight"),
    (r"\b(wars|War)\b", "war"),
    (r"\b([Oo]rganizations|Football League|Academy Awards|Military of)\b", "organisation"),
    (r"\bOceans?\b", "ocean"),
    (r"\b(Alkanes|Acids|Alkali metals|Asphalt|chemistry)\b", "chemistry"),
    (r"\b(law|Law|Courts|Legal|Prosecution|procedure)\b", "law"),
)
_OCCUPATION_OF_CATEGORY = (
    (r"politicians|Presidents", "politician"),
    (r"tennis", "tennis player"),
    (r"film directors|Tarkovsky", "film director"),
    (r"generals|military personnel", "military officer"),
    (r"physicists", "physicist"),
    (r"novelists", "writer"),
    (r"philosophers", "philosopher"),
    (r"mathematicians", "mathematician"),
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What one item is about. `article` is the title of its article, if it has one."""

    title: str
    sort: v.Sort
    article: str | None = None
    occupation: str | None = None
    born: int | None = None
    died: int | None = None
    year: int | None = None


def of_articles(articles: Iterable[Article]) -> Iterator[Subject]:
    """A subject for each article; its categories tell the sort of thing, and dates of people."""
    for article in articles:
        yield _of_article(article.title, _CATEGORY.findall(article.text))


def _of_article(title: str, categories: list[str]) -> Subject:
    joined = "\n".join(categories)
    born, died, year = _BORN.search(joined), _DIED.search(joined), _YEAR.search(joined)
    name = _first_match(_SORT_OF_CATEGORY, categories) or "science"
    if title.endswith("(disambiguation)") or not categories:
        name = "disambiguation"
    return Subject(
        title=title.partition(" (")[0],
        sort=v.SORTS[name],
        article=title,
        occupation=_first_match(_OCCUPATION_OF_CATEGORY, categories) if name == "human" else None,
        born=int(born[1]) if born else None,
        died=int(died[1]) if died else None,
        year=int(year[1]) if year else None,
    )


def _first_match(rules: Iterable[tuple[str, str]], categories: list[str]) -> str | None:
    return next(
        (name for rule, name in rules if any(re.search(rule, item) for item in categories)), None
    )


def invented(rng: Random) -> Iterator[Subject]:
    """Things that do not exist, without end, of eight sorts in turn."""
    number = 0
    while True:
        number += 1
        place = rng.choice(v.PLACE_STARTS) + rng.choice(v.PLACE_ENDS)
        person = f"{rng.choice(v.FIRST_NAMES)} {rng.choice(v.LAST_NAMES)}"
        born = rng.randint(1780, 1990)
        yield Subject(
            person,
            v.SORTS["human"],
            occupation=rng.choice(list(v.OCCUPATIONS)),
            born=born,
            died=born + rng.randint(30, 90) if born < 1930 else None,
        )
        yield Subject(place, v.SORTS["town"], year=rng.randint(1100, 1900))
        yield Subject(f"{rng.choice(v.WORKS)} {number}", v.SORTS["film"], year=born + 20)
        yield Subject(f"{rng.choice(v.GENERA)} {rng.choice(v.SPECIES)}", v.SORTS["taxon"])
        yield Subject(f"HX {rng.randint(1000, 99999)}", v.SORTS["star"])
        paper = f"On the {rng.choice(v.SUBJECTS)} of {place}"
        yield Subject(paper, v.SORTS["article"], year=rng.randint(1950, 2021))
        yield Subject(f"{place} & Sons", v.SORTS["company"], year=rng.randint(1850, 2010))
        yield Subject(f"{rng.choice(v.PLACE_STARTS)}a", v.SORTS["river"])
