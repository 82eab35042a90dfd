"""Wikitext with its templates put in. This wiki has none, so a link to each stands in its place."""

import re
from collections.abc import Callable, Iterable

from liftwing_demo.wiki.parser.tree import Braces, Element, Node, tree_of
from liftwing_demo.wiki.titles import BadTitle, parse_title

MARKER = "\x7f"
"""Stands for an element: no title can have it."""
TEMPLATE = 10
_VARIABLE = re.compile(
    r"(?:CURRENT|LOCAL)(?:DAY2?|DAYNAME|DOW|HOUR|MONTH[12]?|MONTHABBREV|MONTHNAME|MONTHNAMEGEN"
    r"|TIME|TIMESTAMP|WEEK|YEAR)|CURRENTVERSION|(?:FULL|BASE|ROOT|SUB|TALK|SUBJECT|ARTICLE)?"
    r"PAGENAMEE?|(?:TALK|SUBJECT|ARTICLE)SPACEE?|NAMESPACE(?:E|NUMBER)?|PAGEID|PAGELANGUAGE"
    r"|REVISION(?:ID|DAY2?|MONTH1?|YEAR|TIMESTAMP|USER|SIZE)|NUMBEROF[A-Z]+|SITENAME"
    r"|SERVER(?:NAME)?|SCRIPTPATH|STYLEPATH|ARTICLEPATH|DIRECTIONMARK|DIRMARK|CONTENTLANG(?:UAGE)?"
)
_FUNCTION = re.compile(
    r"nse?|urlencode|(?:local|full|canonical)urle?|grammar|gender|plural|bidi|numberof\w+"
    r"|numberingroup|numingroup|pagesin\w+|pagesize|protection(?:level|expiry)|cascadingsources"
    r"|namespace(?:e|number)?|(?:talk|subject|article)spacee?|pageid|revision\w+|anchorencode"
    r"|pad(?:left|right)|filepath|int"
    r"|(?:full|base|root|sub|talk|subject|article)?pagenamee?|defaultsort(?:key)?"
    r"|defaultcategorysort|displaytitle|#speciale?|#language|#formatdate|#dateformat",
    re.IGNORECASE,
)
_KEEPS_CONTENT = re.compile("[lu]c(?:first)?|formatnum", re.IGNORECASE)

OnElement = Callable[[Element], None]


def expanded(text: str, on_element: OnElement) -> str:
    """The text without comments and templates; elements are handed over, in their order."""
    return _expand(tree_of(text), on_element)


def _expand(nodes: Iterable[Node], on_element: OnElement) -> str:
    pieces: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, Element):
            on_element(node)
            pieces.append(MARKER)
        elif node.kind == "argument":
            pieces.append(_argument(node, on_element))
        else:
            pieces.append(_template(node, on_element))
    return "".join(pieces)


def _argument(node: Braces, on_element: OnElement) -> str:
    """Nothing fills a page's own arguments, so their defaults do."""
    name = _expand(node.parts[0], on_element)
    if len(node.parts) == 1:
        return f"{{{{{{{name}}}}}}}"
    return _expand(node.parts[1], on_element)


def _template(node: Braces, on_element: OnElement) -> str:
    whole_name = _expand(node.parts[0], on_element)
    name = whole_name.strip()
    arguments = node.parts[1:]
    if name.lower().startswith("subst:"):
        return _as_text(whole_name, arguments, on_element)
    if not arguments and name == "!":
        return "|"
    if not arguments and _VARIABLE.fullmatch(name):
        return ""
    function, colon, first = name.partition(":")
    if colon:
        if _FUNCTION.fullmatch(function):
            return ""
        if _KEEPS_CONTENT.fullmatch(function):
            return first.strip()
        if function.lower() == "#tag":
            return _tag(first.strip().lower(), arguments, on_element)
    try:
        title = parse_title(name, TEMPLATE)
    except BadTitle:
        title = None
    if title is None or not title.name:
        return _as_text(whole_name, arguments, on_element)
    return f"[[:{title.full}]]"


def _tag(name: str, arguments: list[list[Node]], on_element: OnElement) -> str:
    content = _expand(arguments[0], on_element) if arguments else ""
    if name in ("nowiki", "pre", "gallery", "indicator", "langconvert"):
        on_element(Element(name, content))
        return MARKER
    return content


def _as_text(name: str, arguments: list[list[Node]], on_element: OnElement) -> str:
    parts = [name, *(_expand(part, on_element) for part in arguments)]
    return "{{" + "|".join(parts) + "}}"
