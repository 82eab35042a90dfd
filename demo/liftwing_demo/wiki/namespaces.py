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

_NUMBERS = {name: number for number, name in NAMESPACES.items() if name}


def namespace_of(title: str) -> int:
    """The number of the namespace that a full title lies in."""
    prefix, colon, _ = title.partition(":")
    return _NUMBERS.get(prefix, 0) if colon else 0
