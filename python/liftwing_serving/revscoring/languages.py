"""Whether a request's `lang` is that of this server's wiki."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liftwing_serving.errors import BadRequest

PROJECTS = ("wiktionary", "wikisource", "wikibooks", "wikiquote", "wikivoyage", "wikinews", "wiki")
# Languages whose wikis are older than the codes that MediaWiki has for them now.
# https://www.mediawiki.org/wiki/Manual:$wgDummyLanguageCodes
OLDER_NAMES = {
    "be_tarask": "be_x_old",
    "cmn": "zh",
    "egl": "eml",
    "gsw": "als",
    "lzh": "zh_classical",
    "nan": "zh_min_nan",
    "nb": "no",
    "rup": "roa_rup",
    "sgs": "bat_smg",
    "vro": "fiu_vro",
    "yue": "zh_yue",
}


def check_language(fields: Mapping[str, Any], wiki: str) -> None:
    """Refuse a `lang` that is not the one of `wiki`, a database name: enwiki's is `en`.

    Hyphens and underscores are alike. Raises BadRequest.
    """
    if "lang" not in fields:
        return
    language = fields["lang"]
    if not isinstance(language, str):
        raise BadRequest('Expected "lang" to be a string.')
    name = language.replace("-", "_")
    own = next((wiki[: -len(project)] for project in PROJECTS if wiki.endswith(project)), wiki)
    if own not in (name, OLDER_NAMES.get(name)):
        raise BadRequest(f'Expected "lang" to be that of {wiki}, which this server is for.')
