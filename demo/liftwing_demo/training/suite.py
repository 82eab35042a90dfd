"""What a suite of demo models consists of: plain facts, readable without revscoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from liftwing_serving.revscoring.families import file_name

from liftwing_demo.wiki.sites import Site
from liftwing_demo.wiki.store import WikiStore

MODEL_VERSION = "0.1.0"

Label = bool | str
Truth = bool | str | list[str]
"""What one revision is labelled with: true or false, a class, or any number of topics."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled revision. Examples of one `subject` are all held out, or none of them is."""

    rev_id: int
    subject: int | str
    truth: Truth


@dataclass(frozen=True, slots=True)
class Recipe:
    """One model: what it learns from what.

    `features` names a feature list, as `package.module:list`; `examples` finds what to learn in a
    wiki. A model of several topics is `multilabel`.
    """

    kind: str
    features: str
    labels: tuple[Label, ...]
    examples: Callable[[WikiStore], list[Example]]
    estimator: Mapping[str, Any]
    multilabel: bool = False

    @property
    def file(self) -> str:
        """What its file is called."""
        return file_name(self.kind)


@dataclass(frozen=True, slots=True)
class Suite:
    """Models of one wiki that are trained, recorded and served together.

    `embedding` is the file that their feature lists read, if they read one; `folder` is the
    server's in `revscoring/`. `example` is the kind to ask for first, and `rev_id` what about.
    `story` tells for a model card what the models learnt from.
    """

    name: str
    title: str
    site: Site
    recipes: tuple[Recipe, ...]
    folder: str
    example: str
    rev_id: int
    story: str
    libraries: tuple[str, ...]
    embedding: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else decides how the models come out."""

    def __str__(self) -> str:
        return self.name

    def service(self, kind: str) -> str:
        """The name of a model, for example enwiki-damaging."""
        return f"{self.site.database}-{kind}"

    def recipe(self, kind: str) -> Recipe:
        """The recipe of a kind of model. Raises LookupError if there is none."""
        return next(recipe for recipe in self.recipes if recipe.kind == kind)
