"""`${STAGE.NAME}`, `${.NAME}` and `${STAGE.NAME|default}`, as PipelineLib replaces them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.spec import Stage

SETUP = "setup"
_EXPRESSION = re.compile(r"\$\{([^}]*)(\}?)")
_BODY = re.compile(r"([\w-]*)\.([\w-]+)(?:\|(.*))?")


class Variables:
    """The values that stages have bound, `setup` before all others."""

    def __init__(self, setup: Mapping[str, str]) -> None:
        self._bound: dict[str, dict[str, str]] = {SETUP: dict(setup)}

    def bind(self, stage: Stage, name: str, value: str) -> None:
        """Let a stage and those after it read a value."""
        own = self._bound.setdefault(stage.name, {})
        if name in own:
            raise PipelineError(f"the stage {stage.name} binds {name!r} twice")
        own[name] = value

    def replace(self, text: str, stage: Stage) -> str:
        """Return the text with its variables replaced, seen from a stage."""
        return _EXPRESSION.sub(lambda found: self._value(found, stage), text)

    def _value(self, found: re.Match[str], stage: Stage) -> str:
        body = _BODY.fullmatch(found[1])
        if not body or not found[2]:
            raise PipelineError(f"{found[0]!r} is no variable: write ${{STAGE.NAME}} or ${{.NAME}}")
        owner, name, default = body.groups()
        if owner not in {"", SETUP, *stage.after}:
            raise PipelineError(
                f"{found[0]} cannot be read in the stage {stage.name}: it does not run after"
                f" a stage {owner!r}"
            )
        bound = self._bound.get(owner or stage.name, {})
        if name in bound:
            return bound[name]
        if default is None:
            raise PipelineError(
                f"{found[0]} has no value in the stage {stage.name}; {self._known(stage)}"
            )
        return default

    def _known(self, stage: Stage) -> str:
        visible = {SETUP, stage.name, *stage.after} & self._bound.keys()
        names = [
            f"{'' if owner == stage.name else owner}.{name}"
            for owner in sorted(visible)
            for name in sorted(self._bound[owner])
        ]
        return f"there are {', '.join(names)}"
