"""Which models a server hosts: INFERENCE_NAME and the families it may come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liftwing_serving.revscoring.families import Family
from liftwing_serving.settings import SettingsError


@dataclass(frozen=True, slots=True)
class ServiceName:
    """One served model: `{wiki}-{kind}`, as in URLs; `wiki` is a database name."""

    wiki: str
    kind: str

    def __str__(self) -> str:
        return f"{self.wiki}-{self.kind}"

    @classmethod
    def parse(cls, name: str) -> ServiceName:
        """From `enwiki-goodfaith`; whether there is such a service is not checked.

        Raises SettingsError if it is not a wiki and a kind.
        """
        wiki, _, kind = name.strip().rpartition("-")
        if not wiki or not kind:
            raise SettingsError(
                f"INFERENCE_NAME: {name!r} is not of the form WIKI-MODEL, as enwiki-damaging is."
            )
        return cls(wiki, kind)


def parse_names(inference_name: str, families: Sequence[Family]) -> list[ServiceName]:
    """The models of a comma-separated list, in its order, all of one wiki and of these families.

    Raises SettingsError.
    """
    names = [ServiceName.parse(part) for part in inference_name.split(",")]
    if len(set(names)) != len(names):
        raise SettingsError(f"INFERENCE_NAME: {inference_name!r} names a model twice.")
    if len({name.wiki for name in names}) > 1:
        raise SettingsError("INFERENCE_NAME: all models of one server must be of one wiki.")
    folders = [family.folder for family in families]
    kinds = [kind for family in families for kind in family.kinds]
    for name in names:
        if name.kind not in kinds:
            raise SettingsError(
                f"INFERENCE_NAME: {name} is not a model of {' or '.join(folders)}: "
                f"this server has {', '.join(kinds)}."
            )
    return names
