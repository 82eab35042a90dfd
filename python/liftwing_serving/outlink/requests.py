"""What the outlink transformer is asked, typed. Pure functions; clients match the texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from liftwing_serving import fields as read
from liftwing_serving import wikipedias
from liftwing_serving.errors import BadRequest
from liftwing_serving.events import PageEvent, parse_page_event
from liftwing_serving.outlink.topics import features_of, threshold_of
from liftwing_serving.wikipedias import Wikipedia

OTHER_PROJECT = "This model is not recommended for use in projects outside of Wikipedia"


@dataclass(frozen=True, slots=True)
class Article:
    """A page of a Wikipedia by its title or by its id, one of which is None.

    `revision_id` asks for that revision's outlinks in place of the present ones.
    """

    wiki: Wikipedia
    title: str | None = None
    page_id: int | None = None
    revision_id: int | None = None

    @property
    def url(self) -> str:
        """Where to read it."""
        if self.title is None:
            return f"https://{self.wiki.host}/wiki?curid={self.page_id}"
        return f"https://{self.wiki.host}/wiki/{quote(self.title)}"


@dataclass(frozen=True, slots=True)
class OutlinkRequest:
    """An article whose topics of at least `threshold` are wanted.

    `features` are its outlinks' items, with spaces between, if the client knows them. `event` is
    there if the request carried one; if that has a change, it asks for a prediction event.
    """

    article: Article
    threshold: float
    features: str | None = None
    event: PageEvent | None = None


def outlink_request(fields: Mapping[str, Any]) -> OutlinkRequest:
    """The request in a client's JSON object. Raises BadRequest, which names the wrong field."""
    threshold = threshold_of(fields)
    # An event overrides the fields beside it.
    if "event" in fields:
        event = parse_page_event(fields["event"])
        wiki = wikipedias.by_database(event.database)
        if wiki is None:
            raise BadRequest(OTHER_PROJECT)
        return OutlinkRequest(Article(wiki, title=event.page_title), threshold, event=event)
    features = features_of(fields) if "features_str" in fields else None
    return OutlinkRequest(_article(fields), threshold, features)


def _article(fields: Mapping[str, Any]) -> Article:
    wiki = _wiki(fields)
    if "page_title" in fields and "page_id" in fields:
        raise BadRequest(
            "Detected both `page_title` and `page_id` in the request. "
            "Please pass only one of those."
        )
    revision_id = read.positive_integer(fields, "revision_id") if "revision_id" in fields else None
    if "page_id" in fields:
        page_id = read.positive_integer(fields, "page_id")
        return Article(wiki, page_id=page_id, revision_id=revision_id)
    if "page_title" not in fields:
        raise BadRequest("You must pass either `page_title` or `page_id`.")
    return Article(wiki, title=_title(fields["page_title"]), revision_id=revision_id)


def _wiki(fields: Mapping[str, Any]) -> Wikipedia:
    if "lang" not in fields and "wiki_id" in fields:
        return _named(fields, "wiki_id", wikipedias.by_database)
    if "lang" not in fields:
        raise BadRequest('Missing "lang" in input data.')
    return _named(fields, "lang", wikipedias.by_language)


def _named(
    fields: Mapping[str, Any], field: str, look_up: Callable[[str], Wikipedia | None]
) -> Wikipedia:
    name = fields[field]
    if not isinstance(name, str):
        raise BadRequest(f'Expected "{field}" to be a string.')
    wiki = look_up(name)
    if wiki is None:
        raise BadRequest(f"Unknown {field}: {read.shown(name)}")
    return wiki


def _title(title: object) -> str:
    if not isinstance(title, str):
        raise BadRequest('Expected "page_title" to be a string.')
    # MediaWiki would take what stands between bars for several titles.
    if not title.strip() or "|" in title or not title.isprintable():
        raise BadRequest('Expected "page_title" to be the title of a page.')
    return title
