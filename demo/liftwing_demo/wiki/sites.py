"""The wikis that there are: what they are called, and the host by which they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from liftwing_demo.wiki import namespaces
from liftwing_demo.wiki.namespaces import Namespaces


@dataclass(frozen=True, slots=True)
class Site:
    """One wiki. `host` is its name in a Host header; `content_models` has those of namespaces
    whose pages are not written in wikitext.
    """

    database: str
    name: str
    host: str
    main_page: str
    namespaces: Namespaces
    content_models: Mapping[int, str] = field(default_factory=dict)


WIKIPEDIA = Site("enwiki", "Wikipedia", "en.wikipedia.org", "Main Page", namespaces.WIKIPEDIA)
WIKIDATA = Site(
    "wikidatawiki",
    "Wikidata",
    "www.wikidata.org",
    "Wikidata:Main Page",
    namespaces.WIKIDATA,
    {0: "wikibase-item", 120: "wikibase-property", 146: "wikibase-lexeme"},
)
SITES = {site.database: site for site in (WIKIPEDIA, WIKIDATA)}
"""The wikis by their database names."""
