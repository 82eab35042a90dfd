"""meta=siteinfo: what the wiki says of itself."""

from typing import Any

from liftwing_demo.wiki.api.params import Params
from liftwing_demo.wiki.api.shape import NAME
from liftwing_demo.wiki.namespaces import NAMESPACES
from liftwing_demo.wiki.store import WikiStore

MODULE = "siteinfo"
GENERATOR = "MediaWiki 1.39.0"


def siteinfo(store: WikiStore, params: Params) -> dict[str, Any]:
    """`general` and `namespaces`, whichever `siprop` asks for; the first is the default."""
    asked = params.options(MODULE, "siprop", ("general", "namespaces"), ("general",))
    result: dict[str, Any] = {}
    if "general" in asked:
        result["general"] = _general(store)
    if "namespaces" in asked:
        result["namespaces"] = _namespaces()
    return result


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
    return {
        number: {
            "id": number,
            "case": "first-letter",
            NAME: name,
            "subpages": number not in (-2, -1, 0, 6, 14),
            "canonical": name,
            "content": number == 0,
            "nonincludable": False,
        }
        for number, name in sorted(NAMESPACES.items())
    }
