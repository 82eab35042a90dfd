"""The text of a page that is seen, without its markup: what `Wikicode.strip_code` leaves.

It is put together from the tokenizer's tokens. Each part of a node, such as a link's text, is
stripped for itself before it becomes a piece of the part around it, as the library does.
"""

from __future__ import annotations

from collections.abc import Sequence
from html.entities import name2codepoint
from typing import Any

from mwparserfromhell.definitions import is_visible
from mwparserfromhell.parser import tokens

# A part ends and the next begins, which is the one that is seen.
SEPARATORS = frozenset(
    (tokens.ArgumentSeparator, tokens.ExternalLinkSeparator, tokens.WikilinkSeparator)
)
# Of these nothing is seen.
HIDDEN = {tokens.TemplateOpen: tokens.TemplateClose, tokens.CommentStart: tokens.CommentEnd}

OPENING = frozenset(
    (
        tokens.ArgumentOpen,
        tokens.ExternalLinkOpen,
        tokens.HeadingStart,
        tokens.TagOpenOpen,
        tokens.WikilinkOpen,
    )
)
CLOSING = frozenset(
    (
        tokens.ArgumentClose,
        tokens.ExternalLinkClose,
        tokens.HeadingEnd,
        tokens.WikilinkClose,
        tokens.TagCloseClose,
        tokens.TagCloseSelfclose,
    )
)
AFTER_NAME = frozenset((tokens.TagAttrStart, tokens.TagCloseOpen, tokens.TagCloseSelfclose))


class _Open:
    """A node that is not closed yet, and the pieces of the part that it stands in."""

    __slots__ = ("token", "tag_name", "around", "separated", "contents")

    def __init__(self, token: Any, tag_name: str, around: list[str]) -> None:
        self.token = token
        self.tag_name = tag_name
        self.around = around
        self.separated = False
        self.contents: list[str] = []


def content(found: Sequence[Any]) -> str:
    """What is seen of the nodes that the tokens stand for. Raises LookupError, ValueError."""
    opened: list[_Open] = []
    pieces: list[str] = []
    at = 0
    while at < len(found):
        token = found[at]
        of = type(token)
        if of is tokens.Text:
            pieces.append(token.text)
        elif of in HIDDEN:
            at = _end_of(found, at, of)
        elif of is tokens.HTMLEntityStart:
            character, at = _entity(found, at)
            pieces.append(character)
        elif of in OPENING:
            opened.append(_Open(token, _tag_name(found, at), pieces))
            pieces = []
        elif of in SEPARATORS:
            opened[-1].separated = True
            pieces = []
        elif of is tokens.TagCloseOpen:
            pieces = []
        elif of is tokens.TagOpenClose:
            opened[-1].contents = pieces
            pieces = []
        elif of in CLOSING:
            node = opened.pop()
            seen = _seen(node, of, pieces)
            pieces = node.around
            pieces.append(seen)
        at += 1
    return _stripped(pieces)


def _seen(node: _Open, closed_by: type, pieces: list[str]) -> str:
    """What is seen of a node, whose last part has these pieces."""
    if closed_by is tokens.TagCloseSelfclose:
        return ""
    if closed_by is tokens.TagCloseClose:
        return _stripped(node.contents) if is_visible(node.tag_name) else ""
    if closed_by is tokens.ArgumentClose and not node.separated:
        return ""
    if closed_by is tokens.ExternalLinkClose and node.token.brackets and not node.separated:
        return ""
    return _stripped(pieces)


def _stripped(pieces: list[str]) -> str:
    text = "".join(pieces).strip("\n")
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def _end_of(found: Sequence[Any], start: int, opening: type) -> int:
    """Where a node that may hold others of its kind is closed."""
    closing, depth = HIDDEN[opening], 0
    for at in range(start, len(found)):
        of = type(found[at])
        depth += (of is opening) - (of is closing)
        if depth == 0:
            return at
    raise LookupError("a node without an end")


def _entity(found: Sequence[Any], start: int) -> tuple[str, int]:
    """The character that an entity stands for, and where the entity ends."""
    if type(found[start + 1]) is tokens.Text:
        return chr(name2codepoint[found[start + 1].text]), start + 2
    if type(found[start + 2]) is tokens.HTMLEntityHex:
        return chr(int(found[start + 3].text, 16)), start + 4
    return chr(int(found[start + 2].text)), start + 3


def _tag_name(found: Sequence[Any], at: int) -> str:
    """The name of the tag that is opened there; "" if it is another node.

    Raises ValueError if the name is made of several parts.
    """
    if type(found[at]) is not tokens.TagOpenOpen:
        return ""
    if type(found[at + 1]) is not tokens.Text or type(found[at + 2]) not in AFTER_NAME:
        raise ValueError("a name of several parts")
    return str(found[at + 1].text)
