"""Answers in the forms of ORES' API: version 3, and 1 and 2 before it. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liftwing_serving.ores.directory import Model
from liftwing_serving.ores.queries import Query
from liftwing_serving.ores.scores import Answer, Entry

Document = dict[str, Any]
Wikis = Mapping[str, Mapping[str, Model]]


def v3(query: Query, answer: Answer) -> Document:
    """`{context: {"models": {...}, "scores": {...}}}`."""
    document: Document = {"models": answer.models}
    if query.rev_ids:
        document["scores"] = {str(rev_id): entries for rev_id, entries in answer.scores.items()}
    return {answer.context: document}


def v3_wikis(wikis: Wikis) -> Document:
    """All models of all wikis."""
    return {wiki: {"models": _versions(models)} for wiki, models in wikis.items()}


def v2(query: Query, answer: Answer) -> Document:
    """`{"scores": {context: {model: {"version", "scores", "features", "info"}}}}`."""
    return {"scores": {answer.context: {name: _v2(query, answer, name) for name in answer.models}}}


def v2_wikis(wikis: Wikis) -> Document:
    """All models of all wikis."""
    return {"scores": {wiki: _versions(models) for wiki, models in wikis.items()}}


def v1(query: Query, answer: Answer, model: str | None) -> Document:
    """`{rev_id: {model: score}}`, or `{rev_id: score}` of the one model that the path names."""
    if not query.rev_ids:
        return {"models": answer.models}
    if model is not None:
        return {str(rev_id): _bare(entries[model]) for rev_id, entries in answer.scores.items()}
    return {
        str(rev_id): {name: _bare(entry) for name, entry in entries.items()}
        for rev_id, entries in answer.scores.items()
    }


def v1_wikis(wikis: Wikis) -> Document:
    """The wikis."""
    return {"contexts": list(wikis)}


def _versions(models: Mapping[str, Model]) -> Document:
    return {kind: {"version": model.version} for kind, model in models.items() if model.version}


def _bare(entry: Entry) -> Any:
    """A score as it was shown before version 3: without features, but an error as such."""
    return entry.get("score", entry)


def _v2(query: Query, answer: Answer, name: str) -> Document:
    information = answer.models[name]
    document: Document = {"version": information.get("version")}
    if query.rev_ids:
        entries = {str(rev_id): by_name[name] for rev_id, by_name in answer.scores.items()}
        document["scores"] = {rev_id: _bare(entry) for rev_id, entry in entries.items()}
        if query.features:
            document["features"] = {
                rev_id: entry.get("features", {}) for rev_id, entry in entries.items()
            }
    if query.model_info is not None:
        document["info"] = information
    return document
