"""Page titles as MediaWiki 1.39 reads them: namespaces, normalization, and what cannot be one."""

import re
from dataclasses import dataclass, field
from html import unescape
from unicodedata import normalize

from liftwing_demo.wiki.namespaces import WIKIPEDIA, Namespaces

MAX_BYTES = 255
TALK = 1
_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9A-Fa-f]+|[A-Za-z0-9]+);")
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u202a-\u202e]+")
_SPACE = re.compile("[ _\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_PREFIX = re.compile(r"(.+?) *: *(.*)")
_ILLEGAL = re.compile(
    "[\x00-\x1f#<>\\[\\]{|}\x7f]|%[0-9A-Fa-f]{2}|&[A-Za-z0-9\x80-\U0010ffff]+;", re.ASCII
)
_RELATIVE = re.compile(r"(?:.*/)?\.\.?(?:/.*)?")

_EMPTY = "The requested page title is empty or contains only the name of a namespace."
_REPLACED = "The requested page title contains an invalid UTF-8 sequence."
_NO_TALK = "The requested page title refers to a talk page that cannot exist."
_CHARACTERS = 'The requested page title contains invalid characters: "{}".'
_PATH = (
    "Title has relative path. Relative page titles (./, ../) are invalid, because they will often"
    " be unreachable when handled by user's browser."
)
_TILDES = "The requested page title contains invalid magic tilde sequence (~~~)."
_LONG = (
    "The requested page title is too long. It must be no longer than {} bytes in UTF-8 encoding."
)
_COLON = "The requested page title contains an invalid colon at the beginning."


class BadTitle(Exception):
    """No page can have the title; the text is MediaWiki's reason."""


@dataclass(frozen=True, slots=True)
class Title:
    """A namespace and a name in it, which is empty only for a link to a place in a page."""

    namespace: int
    name: str
    prefix: str = field(default="", compare=False)

    @property
    def full(self) -> str:
        """The name after its namespace's prefix."""
        return f"{self.prefix}:{self.name}" if self.prefix else self.name


def parse_title(given: str, namespace: int = 0, known: Namespaces = WIKIPEDIA) -> Title:
    """The title that a text means; one without prefix is in the given namespace.

    Raises:
        BadTitle: no page can have it.
    """
    text = normalize("NFC", _REFERENCE.sub(lambda match: unescape(match[0]), given))
    text = _SPACE.sub(" ", _DIRECTION_MARKS.sub("", text)).strip(" ")
    if "\ufffd" in text:
        raise BadTitle(_REPLACED)
    if text.startswith(":"):
        namespace, text = 0, text[1:].strip(" ")
    if not text:
        raise BadTitle(_EMPTY)
    namespace, text = _split(namespace, text, known)
    name = capital(text.partition("#")[0].rstrip(" "))
    _check(name)
    if not name and namespace:
        raise BadTitle(_EMPTY)
    if name.startswith(":"):
        raise BadTitle(_COLON)
    return Title(namespace, name, known.names[namespace])


def capital(text: str) -> str:
    """The text with a capital in the beginning."""
    return text[:1].upper() + text[1:]


def _split(namespace: int, text: str, known: Namespaces) -> tuple[int, str]:
    match = _PREFIX.fullmatch(text)
    if match is None:
        return namespace, text
    found = known.called(match[1])
    if found is None:
        return namespace, text
    inner = _PREFIX.fullmatch(match[2])
    if found == TALK and inner and known.called(inner[1]):
        raise BadTitle(_NO_TALK)
    return found, match[2]


def _check(name: str) -> None:
    if match := _ILLEGAL.search(name):
        raise BadTitle(_CHARACTERS.format(match[0]))
    if _RELATIVE.fullmatch(name):
        raise BadTitle(_PATH)
    if "~~~" in name:
        raise BadTitle(_TILDES)
    if len(name.encode()) > MAX_BYTES:
        raise BadTitle(_LONG.format(MAX_BYTES))
