"""meta=siteinfo: what the wiki says of itself."""

from typing import Any

from liftwing_demo.wiki.api.params import Params
from liftwing_demo.wiki.api.shape import NAME
from liftwing_demo.wiki.namespaces import CANONICAL, NAMESPACES
from liftwing_demo.wiki.store import WikiStore

MODULE = "siteinfo"
GENERATOR = "MediaWiki 1.39.17"
INTERFACE = 8


def siteinfo(store: WikiStore, params: Params) -> dict[str, Any]:
    """`general` and `namespaces`, whichever `siprop` asks for; the first is the default."""
    asked = params.options(MODULE, "siprop", ("general", "namespaces"), ("general",))
    parts = {"general": lambda: _general(store), "namespaces": _namespaces}
    return {name: parts[name]() for name in asked}


def _general(store: WikiStore) -> dict[str, Any]:
    return {
        "mainpage": "Main Page",
        "sitename": "Wikipedia",
        "generator": GENERATOR,
        "case": "first-letter",
        "lang": "en",
        "rtl": False,
        "timezone": "UTC",
        "timeoffset": 0,
        "articlepath": "/wiki/$1",
        "scriptpath": "/w",
        "script": "/w/index.php",
        "wikiid": "enwiki",
        "time": store.meta()["now"],
    }


def _namespaces() -> dict[int, dict[str, Any]]:
    return {number: _namespace(number) for number in sorted(NAMESPACES)}


def _namespace(number: int) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": number,
        "case": "first-letter",
        NAME: NAMESPACES[number],
        "subpages": number not in (-2, -1, 0, 6, 14),
    }
    if number:
        document["canonical"] = CANONICAL[number]
    document |= {"content": number == 0, "nonincludable": False}
    if number == INTERFACE:
        document["namespaceprotection"] = "editinterface"
    return document
