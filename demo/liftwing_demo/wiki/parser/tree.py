"""Wikitext as MediaWiki's preprocessor takes it apart: templates, arguments, elements, comments.

After includes/parser/Preprocessor_Hash.php, whose decisions these are: an opening brace within an
open link closes before the link does, a heading ends with its line, and so on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Braces:
    """`{{...}}` or `{{{...}}}`: the parts between its pipes, the first of them the name."""

    kind: Literal["template", "argument"]
    parts: "list[list[Node]]"


@dataclass(frozen=True, slots=True)
class Element:
    """An element whose content is no wikitext to the rest, e.g. `<nowiki>`."""

    name: str
    content: str


Node = str | Braces | Element

_ELEMENTS = "nowiki|pre|gallery|indicator|langconvert|includeonly"
_IGNORED = "noinclude|/noinclude|onlyinclude|/onlyinclude"
_OPENING = re.compile(rf"<(?:({_ELEMENTS}|{_IGNORED})(?=\s|/>|>)|(!--))", re.IGNORECASE)
_CLOSERS = {"{": "}}", "[": "]]", "-{": "}-"}
_ANYWHERE = r"<(?=[A-Za-z/!])|\[\[|\{\{|-\{"
_NEXT = {
    "": re.compile(rf"{_ANYWHERE}|\n(?==)"),
    "\n": re.compile(rf"{_ANYWHERE}|\n"),
    "[": re.compile(rf"{_ANYWHERE}|\n(?==)|\]\]"),
    "{": re.compile(rf"{_ANYWHERE}|\n(?==)|\}}\}}|\|"),
    "-{": re.compile(rf"{_ANYWHERE}|\n(?==)|\}}-|\|"),
}
"""What may mean something next, by what is open."""
_EQUALS = re.compile("={1,6}")


@dataclass(slots=True)
class _Open:
    """Brackets, or a heading, that nothing has closed yet."""

    opener: str
    count: int
    prefix: str = ""
    parts: list[list[Node]] = field(default_factory=lambda: [[]])

    def as_text(self, count: int | None = None) -> list[Node]:
        """Its nodes if it is nothing but text, with so many brackets in the beginning."""
        if self.opener == "\n":
            return [self.prefix, *self.parts[0]]
        count = self.count if count is None else count
        head = self.opener[:-1]
        nodes: list[Node] = [self.prefix + head + self.opener[-1] * (count - len(head))]
        for number, part in enumerate(self.parts):
            nodes += ["|", *part] if number else part
        return nodes


def tree_of(text: str) -> list[Node]:
    """The text's nodes. Never fails: what does not match is text."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._root: list[Node] = []
        self._stack: list[_Open] = []
        self._unclosed: set[str] = set()

    def read(self) -> list[Node]:
        self._begin_line()
        while True:
            top = self._stack[-1] if self._stack else None
            found = _NEXT[top.opener if top else ""].search(self._text, self._place)
            if found is None:
                break
            self._add(self._text[self._place : found.start()])
            self._place = found.start()
            self._take(found[0], top)
        self._add(self._text[self._place :])
        for piece in self._stack:
            self._root += piece.as_text()
        return self._root

    def _add(self, *nodes: Node) -> None:
        target = self._stack[-1].parts[-1] if self._stack else self._root
        target.extend(node for node in nodes if node != "")

    def _take(self, found: str, top: _Open | None) -> None:
        if found == "<":
            self._take_element()
        elif found == "\n":
            self._end_line(top)
        elif top is not None and found == "|":
            top.parts.append([])
            self._place += 1
        elif top is not None and found == _CLOSERS.get(top.opener):
            self._close(top)
        else:
            self._open("-{" if found == "-{" else found[0])

    def _take_element(self) -> None:
        match = _OPENING.match(self._text, self._place)
        if match is None:
            self._add("<")
            self._place += 1
        elif match[2]:
            end = self._text.find("-->", self._place + 4)
            self._place = len(self._text) if end < 0 else end + 3
        else:
            self._take_named(match[1].lower(), match.end())

    def _take_named(self, name: str, after_name: int) -> None:
        text = self._text
        end = text.find(">", after_name)
        if end < 0:
            self._add("<")
            self._place += 1
            return
        start, self._place = self._place, end + 1
        if re.fullmatch(_IGNORED, name) or text[end - 1] == "/":
            return
        close = None
        if name not in self._unclosed:
            close = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, end + 1)
        if close is None and name != "includeonly":
            self._unclosed.add(name)
            self._add(text[start : end + 1])
            return
        content = text[end + 1 : close.start() if close else len(text)]
        self._place = close.end() if close else len(text)
        if name != "includeonly":
            self._add(Element(name, content))

    def _end_line(self, top: _Open | None) -> None:
        if top is not None and top.opener == "\n":
            self._stack.pop()
            self._add(*top.as_text())
        self._add("\n")
        self._place += 1
        self._begin_line()

    def _begin_line(self) -> None:
        match = _EQUALS.match(self._text, self._place)
        if match is None:
            return
        top = self._stack[-1] if self._stack else None
        # In a template one equals sign parts a name from its value.
        named = top is not None and top.opener in ("{", "-{") and len(top.parts) > 1
        if len(match[0]) == 1 and named and top is not None and "=" not in _plain(top.parts[-1]):
            return
        self._stack.append(_Open("\n", len(match[0])))
        self._add(match[0])
        self._place = match.end()

    def _open(self, opener: str) -> None:
        last = opener[-1]
        place = self._place + len(opener) - 1
        count = len(opener) - 1
        while self._text.startswith(last, place):
            count, place = count + 1, place + 1
        prefix = ""
        if opener == "-{" and count > 2:
            prefix, opener, count = "-", "{", count - 1
        self._place = place
        if count >= 2:
            self._stack.append(_Open(opener, count, prefix))
        else:
            self._add(prefix + opener[:-1] + last * (count - len(opener) + 1))

    def _close(self, piece: _Open) -> None:
        third = (
            piece.opener == "{" and piece.count > 2 and self._text.startswith("}", self._place + 2)
        )
        matching = 3 if third else 2
        element = self._element(piece, matching)
        self._place += matching
        self._stack.pop()
        self._reopen(piece, matching)
        self._add(*element)

    def _element(self, piece: _Open, matching: int) -> list[Node]:
        if piece.opener == "{":
            return [Braces("template" if matching == 2 else "argument", piece.parts)]
        prefix, piece.prefix = piece.prefix, ""
        nodes = piece.as_text(matching)
        piece.prefix = prefix
        return [*nodes, self._text[self._place : self._place + matching]]

    def _reopen(self, piece: _Open, matching: int) -> None:
        """What is left of opening brackets when fewer were closed."""
        left = piece.count - matching
        if not left:
            self._add(piece.prefix)
        elif left >= 2:
            self._stack.append(_Open(piece.opener, left, piece.prefix))
        elif piece.opener == "{" and piece.prefix == "-":
            self._stack.append(_Open("-{", 2))
        else:
            self._add(piece.prefix + piece.opener * left)


def _plain(nodes: Iterable[Node]) -> str:
    return "".join(node for node in nodes if isinstance(node, str))
