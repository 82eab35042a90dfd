"""Which variants must be built for a target, merged and in the order of their needs."""

from __future__ import annotations

from typing import Dict, List, Tuple

from liftwing_blubber.merge import merge
from liftwing_blubber.spec import (
    LOCAL,
    Artifact,
    Custom,
    File,
    Lives,
    Place,
    Runs,
    Section,
    Stage,
    Variant,
)
from liftwing_blubber.tree import refuse

DEFAULTS = Section(
    lives=Lives("/srv/app", "somebody", 65533, 65533), runs=Runs("runuser", 900, 900)
)


def plan(file: File, target: str) -> Tuple[Stage, ...]:
    """Return the stages that the target needs, each after those it brings files from."""
    if target not in file.variants:
        known = ", ".join(sorted(file.variants)) or "none"
        refuse(file.place, f"there is no variant {target!r}; there are {known}")
    ordered: Dict[str, Stage] = {}
    _visit(file, target, file.variants[target].place, (), ordered)
    _refuse_same_names(ordered)
    return tuple(ordered.values())


def resolve(file: File, name: str) -> Stage:
    """Return a variant with the defaults, the root and its includes merged into it."""
    section = merge(DEFAULTS, file.root)
    for variant in _included(file, file.variants[name], ()):
        section = merge(section, variant.section)
    stage = Stage(name, section, file.variants[name].place)
    _refuse_contradictions(stage)
    return stage


def _included(file: File, variant: Variant, above: Tuple[str, ...]) -> List[Variant]:
    """Return a variant after all that it includes, each once, at its first place."""
    above = (*above, variant.name)
    found: List[Variant] = []
    for include in variant.includes:
        if include.name in above:
            refuse(include.place, f"a cycle of includes: {_chain(above, include.name)}")
        for other in _included(file, file.variants[include.name], above):
            if other not in found:
                found.append(other)
    return [*found, variant]


def _visit(
    file: File, name: str, place: Place, above: Tuple[str, ...], ordered: Dict[str, Stage]
) -> None:
    if name in above:
        refuse(place, f"a cycle of copies: {_chain(above, name)}")
    if name in ordered:
        return
    stage = resolve(file, name)
    for artifact in stage.artifacts:
        if artifact.origin in file.variants:
            origin_place = artifact.place or stage.place
            _visit(file, artifact.origin, origin_place, (*above, name), ordered)
        elif artifact.origin != LOCAL:
            _refuse_bare_image(artifact, stage)
    ordered[name] = stage


def _chain(above: Tuple[str, ...], name: str) -> str:
    return " -> ".join((*above[above.index(name) :], name))


def _refuse_bare_image(artifact: Artifact, stage: Stage) -> None:
    # Blubber asks a public registry for a misspelt variant; such a name is never meant here.
    if not set("./:") & set(artifact.origin):
        place = artifact.place or stage.place
        refuse(place, f"{artifact.origin!r} is not a variant, and no image with a registry or tag")


def _refuse_contradictions(stage: Stage) -> None:
    section = stage.section
    if section.builders is not None:
        for key, value in (("python", section.python), ("builder", section.builder)):
            if value is not None:
                refuse(stage.place, f"has builders together with {key}, some of it inherited")
    for builder in stage.builders:
        if isinstance(builder, Custom) and builder.command and builder.script:
            refuse(stage.place, "has a builder with both command and script, some of it inherited")


def _refuse_same_names(stages: Dict[str, Stage]) -> None:
    """Refuse variants that a Dockerfile cannot tell apart, because it ignores case."""
    seen: Dict[str, str] = {}
    for name, stage in stages.items():
        if name.lower() in seen:
            refuse(stage.place, f"differs from {seen[name.lower()]} only in case")
        seen[name.lower()] = name
