"""Items in Wikibase's JSON, as `rvprop=content` has it: built piece by piece from plain values."""

import json
from hashlib import sha1
from random import Random
from typing import Any
from uuid import UUID

from liftwing_demo.items.vocabulary import EARTH, GREGORIAN

Document = dict[str, Any]
_MAPS = ("labels", "descriptions", "aliases", "claims", "sitelinks")


def empty_item(item_id: str) -> Document:
    """An item that says nothing yet."""
    return {"type": "item", "id": item_id} | {name: {} for name in _MAPS}


def text_of(item: Document) -> str:
    """The item as a page's text. PHP, which writes it, has an empty map as a list."""
    shown = {key: value or [] if key in _MAPS else value for key, value in item.items()}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def of_item(item_id: str) -> Document:
    """The value of a snak: an item."""
    number = int(item_id.removeprefix("Q"))
    value = {"entity-type": "item", "numeric-id": number, "id": item_id}
    return {"value": value, "type": "wikibase-entityid"}


def of_text(text: str) -> Document:
    """The value of a snak: a string, an address, a file name or an identifier elsewhere."""
    return {"value": text, "type": "string"}


def of_title(text: str, language: str = "en") -> Document:
    """The value of a snak: a text in a language."""
    return {"value": {"text": text, "language": language}, "type": "monolingualtext"}


def of_year(year: int) -> Document:
    """The value of a snak: a year, before the common era if it is negative."""
    return _of_time(f"{'-' if year < 0 else '+'}{abs(year):04}-00-00T00:00:00Z", 9)


def of_day(year: int, month: int, day: int) -> Document:
    """The value of a snak: a day."""
    return _of_time(f"+{year:04}-{month:02}-{day:02}T00:00:00Z", 11)


def _of_time(time: str, precision: int) -> Document:
    offsets = {"timezone": 0, "before": 0, "after": 0}
    value = {"time": time} | offsets | {"precision": precision, "calendarmodel": GREGORIAN}
    return {"value": value, "type": "time"}


def of_quantity(amount: int, unit: str | None = None, within: int | None = None) -> Document:
    """The value of a snak: a number, with an item as its unit, and how far it may be off."""
    address = f"http://www.wikidata.org/entity/{unit}" if unit else "1"
    value = {"amount": f"{amount:+}", "unit": address}
    if within is not None:
        value |= {"upperBound": f"{amount + within:+}", "lowerBound": f"{amount - within:+}"}
    return {"value": value, "type": "quantity"}


def of_place(latitude: float, longitude: float) -> Document:
    """The value of a snak: a place on the globe, in degrees."""
    place = {"latitude": latitude, "longitude": longitude, "altitude": None}
    return {"value": place | {"precision": 0.01, "globe": EARTH}, "type": "globecoordinate"}


def snak(property_id: str, value: Document | None) -> Document:
    """A property with a value, or with one that nobody knows."""
    content: Document = {"snaktype": "somevalue" if value is None else "value"}
    content["property"] = property_id
    content["hash"] = _digest([property_id, value])
    return content if value is None else content | {"datavalue": value}


def statement(rng: Random, item: Document, property_id: str, value: Document | None) -> Document:
    """A new statement of the item, without qualifiers and references."""
    made = {
        "mainsnak": snak(property_id, value),
        "type": "statement",
        "id": f"{item['id']}${str(UUID(int=rng.getrandbits(128), version=4)).upper()}",
        "rank": "normal",
    }
    item["claims"].setdefault(property_id, []).append(made)
    return made


def qualify(made: Document, property_id: str, value: Document) -> None:
    """Add a qualifier to a statement."""
    made.setdefault("qualifiers", {}).setdefault(property_id, []).append(snak(property_id, value))
    made["qualifiers-order"] = list(made["qualifiers"])


def refer(made: Document, values: dict[str, Document]) -> None:
    """Add one reference to a statement, of one value for each property."""
    snaks = {property_id: [snak(property_id, value)] for property_id, value in values.items()}
    reference = {"hash": _digest(snaks), "snaks": snaks, "snaks-order": list(snaks)}
    made.setdefault("references", []).append(reference)


def term(language: str, value: str) -> Document:
    """A label, a description or an alias."""
    return {"language": language, "value": value}


def sitelink(site: str, title: str, badges: list[str]) -> Document:
    """A link to the page of another wiki."""
    return {"site": site, "title": title, "badges": badges}


def statements(item: Document) -> list[Document]:
    """All statements of an item."""
    return [made for several in item["claims"].values() for made in several]


def _digest(content: Any) -> str:
    return sha1(json.dumps(content, sort_keys=True).encode()).hexdigest()
