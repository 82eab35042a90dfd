"""YAML as a tree of fields that know their line and their path of keys."""

from __future__ import annotations

from typing import Dict, Iterator, List, NoReturn, Optional, Tuple

import yaml

from liftwing_blubber.errors import BlubberError
from liftwing_blubber.spec import Place

MERGE = "tag:yaml.org,2002:merge"
KINDS = {
    "null": "nothing",
    "bool": "a boolean",
    "int": "a number",
    "float": "a number",
    "str": "a string",
    "seq": "a list",
    "map": "a mapping",
    "timestamp": "a date",
}


class Field:
    """A value of the file; its methods return it as the type asked for or refuse it."""

    def __init__(self, node: yaml.Node, place: Place, loader: yaml.SafeLoader) -> None:
        self.place = place
        self._node = node
        self._loader = loader

    @property
    def kind(self) -> str:
        """What YAML takes it for, in words."""
        tag = str(self._node.tag).rpartition(":")[2]
        return KINDS.get(tag, f"a {tag}")

    @property
    def is_null(self) -> bool:
        """Whether it is empty or `null`."""
        return self.kind == KINDS["null"]

    @property
    def is_text(self) -> bool:
        """Whether it is a string."""
        return self.kind == KINDS["str"]

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self._node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self._node, yaml.MappingNode)

    def fail(self, reason: str) -> NoReturn:
        """Refuse the file because of this value."""
        refuse(self.place, reason)

    def text(self) -> str:
        """Return it as a string; nothing at all is an empty one."""
        if self.is_null:
            return ""
        if not self.is_text:
            self.fail(f"must be a string, not {self.kind} (quote it)")
        return str(self._node.value)

    def number(self) -> int:
        """Return it as a whole number."""
        if str(self._node.tag).rpartition(":")[2] != "int":
            self.fail(f"must be a whole number, not {self.kind}")
        return int(self._loader.construct_object(self._node))

    def flag(self) -> bool:
        """Return it as a boolean."""
        if str(self._node.tag).rpartition(":")[2] != "bool":
            self.fail(f"must be true or false, not {self.kind}")
        return bool(self._loader.construct_object(self._node))

    def items(self) -> List[Field]:
        """Return the elements of a list."""
        if not isinstance(self._node, yaml.SequenceNode):
            self.fail(f"must be a list, not {self.kind}")
        return [
            Field(node, self._below(node, f"[{index}]"), self._loader)
            for index, node in enumerate(self._node.value)
        ]

    def named(self) -> Dict[str, Field]:
        """Return the values of a mapping whose keys are free names."""
        return dict(self._pairs(fold=False))

    def keys(self, *known: str) -> Dict[str, Field]:
        """Return the values of a mapping by key, in lower case; refuse keys that are not known."""
        found = {}
        for key, value in self._pairs(fold=True):
            if key not in known:
                value.fail(f"unknown key; known are {', '.join(sorted(known))}")
            found[key] = value
        return found

    def _pairs(self, fold: bool) -> Iterator[Tuple[str, Field]]:
        for key, value in self._merged(self._node, fold):
            # The line of the key, not of its value, is where a reader looks for it.
            place = self._below(key, f".{key.value}")
            name = str(key.value)
            yield name.lower() if fold else name, Field(value, place, self._loader)

    def _merged(self, node: yaml.Node, fold: bool) -> List[Tuple[yaml.ScalarNode, yaml.Node]]:
        """Return the pairs of a mapping after those that `<<` brings, so that its own ones win."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(f"must be a mapping, not {self.kind}")
        inherited, own = [], []
        names = set()
        for key, value in node.value:
            if key.tag == MERGE:
                several = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for source in reversed(several):
                    inherited += self._merged(source, fold)
                continue
            if not isinstance(key, yaml.ScalarNode):
                self.fail("a key must be a string")
            name = key.value.lower() if fold else key.value
            if name in names:
                refuse(self._below(key, f".{key.value}"), "the key is repeated")
            names.add(name)
            own.append((key, value))
        return inherited + own

    def _below(self, node: yaml.Node, step: str) -> Place:
        path = (self.place.path + step).lstrip(".")
        return Place(self.place.file, node.start_mark.line + 1, path)


def refuse(place: Place, reason: str) -> NoReturn:
    """Refuse the file because of what stands at a place."""
    raise BlubberError(place.file, place.line, place.path, reason)


def parse(text: str, file: str) -> Field:
    """Read the text of a file, which must hold one YAML document."""
    loader = yaml.SafeLoader(text)
    try:
        node: Optional[yaml.Node] = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BlubberError(file, line, "", f"not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BlubberError(file, 1, "", f"not YAML: {error}") from error
    if node is None:
        raise BlubberError(file, 1, "", "the file is empty")
    return Field(node, Place(file, node.start_mark.line + 1, ""), loader)
