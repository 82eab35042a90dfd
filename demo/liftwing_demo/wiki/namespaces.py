"""The namespaces of the demo wikis."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Those of one wiki: the names of `subjects` by number, and for each one for talk.

    `aliases` are further names.
    """

    subjects: dict[int, str]
    aliases: dict[str, int] = field(default_factory=dict)
    names: dict[int, str] = field(init=False)
    """Names by number; the main namespace has none."""
    canonical: dict[int, str] = field(init=False)
    """The names that every wiki in every language understands."""
    _numbers: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        talks = {number + 1: f"{name} talk" for number, name in self.subjects.items()}
        names = {-2: "Media", -1: "Special"} | self.subjects | talks | {1: "Talk"}
        canonical = names | {4: "Project", 5: "Project talk"}
        numbers = {
            name.lower(): number
            for known in (names, canonical)
            for number, name in known.items()
            if name
        }
        aliases = {name.lower(): number for name, number in self.aliases.items()}
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "canonical", canonical)
        object.__setattr__(self, "_numbers", numbers | aliases)

    def called(self, name: str) -> int | None:
        """The number of the namespace with this name in any case, if there is one."""
        return self._numbers.get(name.lower())


_EVERYWHERE = {0: "", 2: "User", 6: "File", 8: "MediaWiki", 10: "Template", 12: "Help"}
_EVERYWHERE |= {14: "Category"}
_FILES = {"Image": 6, "Image talk": 7}
WIKIPEDIA = Namespaces(_EVERYWHERE | {4: "Wikipedia", 118: "Draft"}, _FILES)
WIKIDATA = Namespaces(_EVERYWHERE | {4: "Wikidata", 120: "Property", 146: "Lexeme"}, _FILES)
