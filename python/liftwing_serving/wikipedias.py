"""Every Wikipedia there is: what its database, its language and its host are called.

Names that clients send are looked up here and nowhere made into a host: hyphens and underscores
differ from wiki to wiki, and only names of the table, which is wikipedias.tsv, may reach a URL.
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Wikipedia:
    """One Wikipedia. `database` is its database name, e.g. zh_min_nanwiki; `code` is what stands
    before `.wikipedia.org`, e.g. zh-min-nan.
    """

    database: str
    code: str

    @property
    def host(self) -> str:
        """Its host name."""
        return f"{self.code}.wikipedia.org"


def by_database(name: str) -> Wikipedia | None:
    """The Wikipedia of a database name, or None if there is none."""
    return _tables()[0].get(name)


def by_language(name: str) -> Wikipedia | None:
    """The Wikipedia that a client calls so, or None if there is none.

    By its code, its database name without `wiki`, or its language's own code where that is another
    one: `zh-min-nan`, `zh_min_nan` and `nan` are the same.
    """
    return _tables()[1].get(name)


@functools.cache
def _tables() -> tuple[dict[str, Wikipedia], dict[str, Wikipedia]]:
    """By database name, and by language."""
    text = files(__package__).joinpath("wikipedias.tsv").read_text()
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    databases = {row["database"]: Wikipedia(row["database"], row["code"]) for row in rows}
    languages: dict[str, Wikipedia] = {}
    for row in rows:
        wiki = databases[row["database"]]
        stem = wiki.database.removesuffix("wiki")
        languages |= dict.fromkeys((wiki.code, stem, stem.replace("_", "-")), wiki)
    # Never in place of a wiki's own code: the language of simplewiki is `en` too.
    for row in rows:
        languages.setdefault(row["language"], databases[row["database"]])
    return databases, languages
