"""What somebody enters into the form: as it is shown again, as a query, as a URL. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from multidict import MultiMapping

from liftwing_serving.ores import queries
from liftwing_serving.ores.failures import Failure
from liftwing_serving.ores.queries import Query

# People separate numbers in more ways than programs do.
_SEPARATORS = re.compile(r"[|,;\s]+")


@dataclass(frozen=True, slots=True)
class Entered:
    """The form's fields. `sent` tells a form without revisions from one that was just opened."""

    wiki: str = ""
    revids: str = ""
    models: tuple[str, ...] = ()
    features: bool = False
    sent: bool = False


def read(parameters: MultiMapping[str]) -> Entered:
    """The fields in the parameters of a URL. Models are several of one name or have `|` between."""
    models = "|".join(parameters.getall("models", [])).split("|")
    return Entered(
        wiki=parameters.get("wiki", "").strip(),
        revids=parameters.get("revids", "").strip(),
        models=tuple(dict.fromkeys(filter(None, models))),
        features="features" in parameters,
        sent="revids" in parameters,
    )


def query_of(entered: Entered) -> Query:
    """What is asked for. Raises Failure, which says what is wrong."""
    if not entered.wiki:
        raise Failure(400, "Choose a wiki.")
    rev_ids = filter(None, _SEPARATORS.split(entered.revids))
    parameters = {"models": "|".join(entered.models), "revids": "|".join(rev_ids)}
    if entered.features:
        parameters["features"] = ""
    query = queries.read_query(parameters, entered.wiki)
    if not query.rev_ids:
        raise Failure(400, "Name at least one revision by its id.")
    return query


def path_of(query: Query) -> str:
    """Where ORES' API answers the query, without the first slash."""
    parameters = {"models": "|".join(query.models), "revids": "|".join(map(str, query.rev_ids))}
    if query.features:
        parameters["features"] = "true"
    given = {name: value for name, value in parameters.items() if value}
    return f"v3/scores/{quote(query.context or '', safe='')}/?{urlencode(given, safe='|')}"
