"""The links of a page, in the order and with the exceptions of MediaWiki 1.39.

After includes/parser/Parser.php and LinkHolderArray.php.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from liftwing_demo.wiki.parser.expand import expanded
from liftwing_demo.wiki.parser.tree import Element
from liftwing_demo.wiki.titles import BadTitle, Title, parse_title

MEDIA, SPECIAL, FILE, CATEGORY = -2, -1, 6, 14
MANY = 1000
"""When there are more links than that, MediaWiki looks them up before it reads on."""
_LEGAL = r" %!\"$&'()*,\-./0-9:;=?@A-Z\\^_`a-z~+#" + "\x80-\U0010ffff"
_LINK = re.compile(rf"([{_LEGAL}]+)(?:\|(.+?))?\]\](.*)", re.DOTALL)
_UNCLOSED = re.compile(rf"([{_LEGAL}]+)\|(.*)", re.DOTALL)
_PROTOCOL = re.compile(
    r"(?:bitcoin:|ftps?://|geo:|git://|gopher://|https?://|ircs?://|magnet:|mailto:|mms://|news:"
    r"|nntp://|redis://|s?ftp://|sips?:|sms:|ssh://|svn://|tel:|telnet://|urn:|worldwind://|xmpp:"
    r"|//)",
    re.IGNORECASE,
)
_SWITCH = re.compile(r"__[A-Z]+__")
_GALLERY_LINE = re.compile(r"([^|]+)(?:\|(.*))?")

Existing = Callable[[Collection[Title]], Iterable[Title]]
"""Which of some titles are those of pages, in the order of the wiki's index."""


@dataclass(slots=True)
class Group:
    """Links that are looked up together; those that needed no look-up are entered before."""

    at_once: list[Title] = field(default_factory=list)
    looked_up: list[Title] = field(default_factory=list)


@dataclass(slots=True)
class Mentioned:
    """What a page's text links to, in its order, with repetitions."""

    page: Title
    groups: list[Group] = field(default_factory=lambda: [Group()])

    def ordered(self, existing: Existing) -> dict[Title, bool]:
        """Each title once, in MediaWiki's order, and whether there is a page.

        Of each group those that exist come first; then it is sorted by namespace, as far as these
        come up in turn.
        """
        links: dict[Title, bool] = {}
        for group in self.groups:
            found = list(existing({*group.at_once, *group.looked_up}))
            exist = set(found)
            looked_up = set(group.looked_up)
            itself = [self.page] if self.page in exist & looked_up else []
            others = [title for title in found if title in looked_up]
            missing = sorted(group.looked_up, key=lambda title: title.namespace)
            for title in (*group.at_once, *itself, *others, *missing):
                links[title] = title in exist
        by_namespace: dict[int, list[Title]] = {}
        for title in links:
            by_namespace.setdefault(title.namespace, []).append(title)
        return {title: links[title] for titles in by_namespace.values() for title in titles}


@lru_cache(maxsize=64)
def links_of(text: str, page: Title) -> Mentioned:
    """What the text, as that of a page, links to; not to be changed."""
    captions: list[str] = []

    def on_element(element: Element) -> None:
        if element.name == "gallery":
            captions.extend(_gallery_captions(element.content))

    found, in_galleries = Mentioned(page), Mentioned(page)
    _collect(_without_switches(expanded(text, on_element)), found, True)
    for caption in captions:
        plain = expanded(caption, lambda element: None)
        _collect(_without_switches(plain), in_galleries, False)
    last, first = found.groups[-1], in_galleries.groups[0]
    found.groups[-1] = Group(first.at_once + last.at_once, first.looked_up + last.looked_up)
    return found


def _without_switches(text: str) -> str:
    """Without `__NOTOC__` and the like."""
    return _SWITCH.sub("", text)


def _gallery_captions(content: str) -> Iterable[str]:
    for line in content.split("\n"):
        match = _GALLERY_LINE.fullmatch(line)
        if match and match[2] and _title(unquote(match[1]), FILE):
            yield match[2]


def _title(text: str, namespace: int = 0) -> Title | None:
    try:
        return _parsed(text, namespace)
    except BadTitle:
        return None


@lru_cache(maxsize=50_000)
def _parsed(text: str, namespace: int) -> Title:
    return parse_title(text, namespace)


def _collect(text: str, found: Mentioned, outermost: bool) -> None:
    """Enter the links of a text without templates; only the outermost one begins groups."""
    segments = text.split("[[")[1:]
    number = 0
    while number < len(segments):
        line = segments[number]
        number += 1
        if outermost and len(found.groups[-1].looked_up) > MANY:
            found.groups.append(Group())
        match = _LINK.fullmatch(line)
        unclosed = None if match else _UNCLOSED.fullmatch(line)
        target = match or unclosed
        if target is None:
            continue
        name = unquote(target[1]) if "%" in target[1] else target[1]
        name = name.lstrip(" ")
        title = None if _PROTOCOL.match(name) else _title(name)
        if title is None:
            continue
        label = target[2] or ""
        is_bare = not name.startswith(":")
        if unclosed:
            if title.namespace != FILE or not is_bare:
                continue
            label, number, closed = _rest_of_file(label, segments, number)
            if not closed:
                _collect(label, found, False)
                continue
        if is_bare and title.namespace == FILE:
            _collect(label, found, False)
            _enter_target(label, found)
        elif not (is_bare and title.namespace == CATEGORY):
            _enter(title, "#" in name, found)


def _rest_of_file(label: str, segments: list[str], number: int) -> tuple[str, int, bool]:
    """A file's label with the links in it, the next segment's number, and whether it ends."""
    while number < len(segments):
        parts = segments[number].split("]]", 2)
        number += 1
        if len(parts) == 1:
            return f"{label}[[{parts[0]}", number, False
        label += f"[[{parts[0]}]]{parts[1]}"
        if len(parts) == 3:
            return label, number, True
    return label, number, False


def _enter_target(label: str, found: Mentioned) -> None:
    """A file may be a link to a page; that one is entered without being looked up with others."""
    for part in label.split("|"):
        option, equals, value = part.strip().partition("=")
        if equals and option.strip() == "link" and not _PROTOCOL.match(value.strip()):
            title = _title(value.strip()) if value.strip() else None
            if title is not None and title.name and title.namespace >= 0:
                found.groups[-1].at_once.append(title)


def _enter(title: Title, has_fragment: bool, found: Mentioned) -> None:
    if title.namespace in (MEDIA, SPECIAL) or not title.name:
        return
    if title != found.page or has_fragment:
        found.groups[-1].looked_up.append(title)
