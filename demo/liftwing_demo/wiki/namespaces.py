"""The namespaces of the demo wiki."""

_SUBJECTS = {
    0: "",
    2: "User",
    4: "Wikipedia",
    6: "File",
    8: "MediaWiki",
    10: "Template",
    12: "Help",
    14: "Category",
    118: "Draft",
}
NAMESPACES: dict[int, str] = {-2: "Media", -1: "Special"}
NAMESPACES |= _SUBJECTS
NAMESPACES |= {number + 1: f"{name} talk" for number, name in _SUBJECTS.items()}
NAMESPACES[1] = "Talk"
"""Names by number; the main namespace has none."""

CANONICAL = NAMESPACES | {4: "Project", 5: "Project talk"}
"""The names that every wiki in every language understands."""

_ALIASES = {"Image": 6, "Image talk": 7}
_NUMBERS = {
    name.lower(): number
    for names in (NAMESPACES, CANONICAL)
    for number, name in names.items()
    if name
} | {name.lower(): number for name, number in _ALIASES.items()}


def namespace_called(name: str) -> int | None:
    """The number of the namespace with this name in any case, if there is one."""
    return _NUMBERS.get(name.lower())
