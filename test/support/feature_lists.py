"""Which feature list the models of a service are made of, and what reads a list's source tells.

Nothing here imports a list: that takes seconds, and its dictionaries.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from liftwing_serving.catalogue import Service, services

# Of each kind of model: the package of its lists and the list's name in a wiki's module.
LISTS = {
    "articlequality": ("articlequality", "wp10"),
    "itemquality": ("articlequality", "item_quality"),
    "draftquality": ("draftquality", "draft_quality"),
    "damaging": ("editquality", "damaging"),
    "goodfaith": ("editquality", "goodfaith"),
    "reverted": ("editquality", "reverted"),
    "articletopic": ("drafttopic", "articletopic"),
    "itemtopic": ("drafttopic", "articletopic"),
    "drafttopic": ("drafttopic", "drafttopic"),
}
# Services whose packages have another name for the list.
NAMES = {"frwikisource-articlequality": "pagelevel"}
MODULES = {"wikidatawiki-itemtopic": "wikidata"}
# The packages have no lists for these wikis; their models are English Wikipedia's.
BORROWED = {"simplewiki": "enwiki", "testwiki": "enwiki"}


@dataclass(frozen=True, slots=True, order=True)
class FeatureList:
    """A list by its module, such as `editquality.feature_lists.elwiki`, and its name there."""

    module: str
    name: str

    @property
    def path(self) -> Path:
        """The module's source."""
        return source_of(self.module)


def list_of(service: Service) -> FeatureList:
    """What a service's models are made of. Raises KeyError for outlink, which has no list."""
    package, name = LISTS[service.kind]
    wiki = BORROWED.get(service.wiki, service.wiki)
    module = MODULES.get(service.name, wiki)
    return FeatureList(f"{package}.feature_lists.{module}", NAMES.get(service.name, name))


def feature_lists() -> dict[FeatureList, list[str]]:
    """Each list that any service needs, with the names of those services."""
    lists: dict[FeatureList, list[str]] = {}
    for service in services():
        if service.kind in LISTS:
            lists.setdefault(list_of(service), []).append(service.name)
    return lists


@cache
def source_of(module: str) -> Path:
    """A module's file, found without importing it or its packages."""
    package, *rest = module.split(".")
    spec = find_spec(package)
    assert spec and spec.submodule_search_locations, f"{package} is not installed"
    return Path(spec.submodule_search_locations[0]).joinpath(*rest).with_suffix(".py")


@cache
def languages_of(module: str) -> frozenset[str]:
    """The modules of revscoring.languages that a list's module imports, by way of others too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source_of(module).read_text())):
        if isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if node.module == "revscoring.languages":
                found.update(names)
            elif node.level == 1 and node.module is None:
                folder = module.rpartition(".")[0]
                found.update(*(languages_of(f"{folder}.{name}") for name in names))
    return frozenset(found)


@cache
def dictionaries_of(language: str) -> tuple[str, ...]:
    """The dictionaries that a module of revscoring.languages asks enchant for."""
    return tuple(_dictionaries_in(source_of(f"revscoring.languages.{language}")))


def _dictionaries_in(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("enchant.Dict", "load_dict"):
            tag, *_ = node.args
            assert isinstance(tag, ast.Constant) and isinstance(tag.value, str)
            yield tag.value


def vectors_of(module: str) -> list[str]:
    """The files of word vectors that a list's module loads."""
    return [
        str(ast.literal_eval(keyword.value))
        for node in ast.walk(ast.parse(source_of(module).read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("load_gensim_kv")
        for keyword in node.keywords
        if keyword.arg == "filename"
    ]
