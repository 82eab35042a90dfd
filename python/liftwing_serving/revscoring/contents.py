"""What content a model's features can read: wikitext, or the JSON of a Wikibase entity.

revscoring itself refuses text that is no JSON where an entity should be. It does not mind JSON that
is no entity, which ends as an error within some datasource, nor that an entity is read as wikitext,
which gives a score of no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable

from revscoring.datasources import revision_oriented
from revscoring.dependencies import Dependent, expand
from revscoring.errors import CaughtDependencyError

from liftwing_serving.mediawiki import Revision

# wikibase-item, wikibase-property, wikibase-lexeme ...
ENTITY_MODELS = "wikibase-"
# What revscoring makes of an entity's JSON: the datasources of revscoring.features.wikibase.
ENTITY_PARTS = "wikibase."
FAILED_AT_ENTITY = f"Failed to process datasource.{ENTITY_PARTS}"


def reads_wikitext(features: Iterable[Dependent]) -> bool:
    """Whether the features read the revision's text, and not as an entity."""
    names = {dependent.name for dependent in expand(features)}
    entity = any(name.startswith(ENTITY_PARTS) for name in names)
    return revision_oriented.revision.text.name in names and not entity


def refusal_of_entity(revision: Revision) -> str | None:
    """Why features that read wikitext cannot read the revision; None if it is no entity."""
    model = revision.content_model or ""
    if not model.startswith(ENTITY_MODELS):
        return None
    return f"Expected wikitext, but the content model is {model}."


def refusal_of_failure(error: CaughtDependencyError) -> str | None:
    """Why an entity could not be read; None if something else failed."""
    if not error.message.startswith(FAILED_AT_ENTITY):
        return None
    return "Expected a Wikibase entity, but the JSON is not of its form."
