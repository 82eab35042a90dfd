"""Which server has which model: the entries of MODEL_SERVERS, with what services.tsv knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pydantic import TypeAdapter, ValidationError

from liftwing_serving.catalogue import services
from liftwing_serving.settings import BaseUrl, HeaderHost, SettingsError

# What may stand in a path and in a Host header, where names are put.
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,198}[A-Za-z0-9_])?")
_PATTERN = re.compile(r"[A-Za-z0-9_.*?\[\]!-]+")
_FIELD = re.compile(r"\{(\w+)\}")
_FIELDS = frozenset({"name", "wiki", "model", "namespace"})
_WILD = re.compile(r"[*?\[]")

_url: TypeAdapter[object] = TypeAdapter(BaseUrl)
_host: TypeAdapter[object] = TypeAdapter(HeaderHost)

# ORES' older name of a kind of model.
OLDER_NAMES = {"wp10": "articlequality"}

# The kinds of model that ORES' API can ask for, by what ends their names.
KINDS = frozenset(service.kind for service in services() if service.wiki)
_NAMESPACES = {service.name: service.namespace for service in services()}


def split_name(name: str) -> tuple[str, str]:
    """Wiki and kind of a model, `("enwiki", "damaging")`; both empty if it is not one of a wiki."""
    wiki, _, kind = name.rpartition("-")
    return (wiki, kind) if wiki and kind in KINDS else ("", "")


@dataclass(frozen=True, slots=True)
class Server:
    """A model server: where it is, and what it is called there. `entry` is the pattern that led to
    it, for metrics."""

    url: str
    host: str | None
    entry: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Models whose names fit the pattern are at that URL, under that Host header.

    Either may have `{name}`, `{wiki}`, `{model}` or `{namespace}` in it, for what the model is.
    """

    pattern: str
    url: str
    host: str | None

    def server(self, name: str) -> Server | None:
        """The server of a model of that name; None if it is none of these."""
        if not fnmatchcase(name, self.pattern):
            return None
        wiki, kind = split_name(name)
        known = {"name": name, "wiki": wiki, "model": kind, "namespace": _NAMESPACES.get(name, "")}
        if not all(known[field] for field in self.fields):
            return None
        filled = [
            text and _FIELD.sub(lambda it: known[it[1]], text) for text in (self.url, self.host)
        ]
        return Server(filled[0] or "", filled[1], self.pattern)

    @property
    def fields(self) -> set[str]:
        """What is put into URL and host."""
        return set(_FIELD.findall(f"{self.url} {self.host}"))


class Servers:
    """The entries, of which the first that fits a name counts."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def of(self, name: str) -> Server | None:
        """The server that has, or would have, a model of that name."""
        if not _NAME.fullmatch(name):
            return None
        return next(filter(None, (entry.server(name) for entry in self._entries)), None)

    def named(self) -> Iterator[str]:
        """The models that are known to be meant: named in full, or services that fit a pattern."""
        for entry in self._entries:
            if not _WILD.search(entry.pattern):
                yield entry.pattern
        for service in services():
            if self.of(service.name):
                yield service.name

    def alike(self) -> set[Server]:
        """The servers whose models are not told by the entries: those of patterns that put nothing
        of the name into URL or host."""
        return {
            Server(entry.url, entry.host, entry.pattern)
            for entry in self._entries
            if _WILD.search(entry.pattern) and not entry.fields
        }


def read_entries(text: str, source: str) -> list[Entry]:
    """The entries of a text. Raises SettingsError, which names the `source` and the entry."""
    entries = []
    for line in text.splitlines():
        for part in line.partition("#")[0].split(","):
            if part.strip():
                entries.append(_entry(part.split(), source))
    return entries


def _entry(words: Sequence[str], source: str) -> Entry:
    said = f"{source}: {' '.join(words)}"
    if len(words) not in (2, 3) or not _PATTERN.fullmatch(words[0]):
        raise SettingsError(f"{said}: is not of the form PATTERN URL [HOST].")
    pattern, url = words[:2]
    host = words[2] if len(words) == 3 else None
    entry = Entry(pattern, url.rstrip("/"), host)
    if not entry.fields <= _FIELDS:
        raise SettingsError(f"{said}: has other fields than {', '.join(sorted(_FIELDS))}.")
    try:
        _url.validate_python(_FIELD.sub("x", url))
        if host is not None:
            _host.validate_python(_FIELD.sub("x", host))
    except ValidationError as error:
        raise SettingsError(f"{said}: {error.errors()[0]['msg']}") from None
    return entry
