"""meta=siteinfo: what the wiki says of itself."""

from typing import Any

from liftwing_demo.wiki.api.params import Params
from liftwing_demo.wiki.api.shape import NAME
from liftwing_demo.wiki.sites import Site
from liftwing_demo.wiki.store import WikiStore

MODULE = "siteinfo"
GENERATOR = "MediaWiki 1.39.17"
INTERFACE = 8


def siteinfo(store: WikiStore, params: Params) -> dict[str, Any]:
    """`general` and `namespaces`, whichever `siprop` asks for; the first is the default."""
    asked = params.options(MODULE, "siprop", ("general", "namespaces"), ("general",))
    parts = {"general": _general, "namespaces": _namespaces}
    return {name: parts[name](store) for name in asked}


def _general(store: WikiStore) -> dict[str, Any]:
    site = store.site()
    return {
        "mainpage": site.main_page,
        "sitename": site.name,
        "generator": GENERATOR,
        "case": "first-letter",
        "lang": "en",
        "rtl": False,
        "timezone": "UTC",
        "timeoffset": 0,
        "articlepath": "/wiki/$1",
        "scriptpath": "/w",
        "script": "/w/index.php",
        "wikiid": site.database,
        "time": store.meta()["now"],
    }


def _namespaces(store: WikiStore) -> dict[int, dict[str, Any]]:
    site = store.site()
    return {number: _namespace(site, number) for number in sorted(site.namespaces.names)}


def _namespace(site: Site, number: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": number,
        "case": "first-letter",
        NAME: site.namespaces.names[number],
        "subpages": number not in (-2, -1, 0, 6, 14),
    }
    if number:
        document["canonical"] = site.namespaces.canonical[number]
    document |= {"content": number == 0, "nonincludable": False}
    if model := site.content_models.get(number):
        document["defaultcontentmodel"] = model
    if number == INTERFACE:
        document["namespaceprotection"] = "editinterface"
    return document
