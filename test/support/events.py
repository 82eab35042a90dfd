"""Events as MediaWiki sends them, and what their schemas say of the ones made of them."""

from __future__ import annotations

import functools
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

SITES = {"enwiki": "en.wikipedia.org", "wikidatawiki": "www.wikidata.org"}


def revision_create(
    rev_id: int = 1083325118,
    database: str = "enwiki",
    version: str = "2.0.0",
    **overrides: Any,
) -> dict[str, Any]:
    """A revision-create event; an override of None takes the field away."""
    moment = "2022-04-18T09:31:07Z"
    event = {
        "$schema": f"/mediawiki/revision/create/{version}",
        "dt": moment,
        "meta": meta("mediawiki.revision-create", database),
        "database": database,
        "page_id": 5043734,
        "page_title": "Wikipedia:Sandbox",
        "page_namespace": 4,
        "page_is_redirect": False,
        "rev_id": rev_id,
        "rev_parent_id": rev_id - 1,
        "rev_timestamp": moment,
        "rev_sha1": "3jl2s8vd1x7g5pbk7h6hzq0d4yj7f1k",
        "rev_len": 2891,
        "rev_minor_edit": False,
        "rev_content_model": "wikitext",
        "rev_content_format": "text/x-wiki",
        "rev_slots": {
            "main": {
                "rev_slot_content_model": "wikitext",
                "rev_slot_sha1": "3jl2s8vd1x7g5pbk7h6hzq0d4yj7f1k",
                "rev_slot_size": 2891,
                "rev_slot_origin_rev_id": rev_id,
            }
        },
        "comment": "/* Try it */ a word",
        "parsedcomment": "a word",
        "performer": {
            "user_text": "Gannet+Skua",
            "user_groups": ["extendedconfirmed", "*", "user", "autoconfirmed"],
            "user_is_bot": False,
            "user_id": 40120311,
            "user_registration_dt": "2020-09-02T17:45:11Z",
            "user_edit_count": 731,
        },
    }
    return with_overrides(event, overrides)


def page_change(
    rev_id: int = 1083325118, wiki_id: str = "enwiki", version: str = "1.2.0", **overrides: Any
) -> dict[str, Any]:
    """A page_change event of an edit; an override of None takes the field away."""
    moment = "2023-06-07T22:03:54Z"
    user = {
        "user_text": "Gannet+Skua",
        "groups": ["extendedconfirmed", "*", "user", "autoconfirmed"],
        "is_bot": False,
        "is_system": False,
        "is_temp": False,
        "user_id": 40120311,
        "registration_dt": "2020-09-02T17:45:11Z",
        "edit_count": 731,
    }
    event = {
        "$schema": f"/mediawiki/page/change/{version}",
        "changelog_kind": "update",
        "page_change_kind": "edit",
        "dt": moment,
        "wiki_id": wiki_id,
        "meta": meta("mediawiki.page_change.v1", wiki_id),
        "page": {
            "page_id": 5043734,
            "page_title": "Wikipedia:Sandbox",
            "namespace_id": 4,
            "is_redirect": False,
        },
        "performer": user,
        "comment": "/* Try it */ a word",
        "revision": {
            "rev_id": rev_id,
            "rev_parent_id": rev_id - 1,
            "rev_dt": moment,
            "rev_sha1": "3jl2s8vd1x7g5pbk7h6hzq0d4yj7f1k",
            "rev_size": 2891,
            "comment": "/* Try it */ a word",
            "is_minor_edit": False,
            "is_content_visible": True,
            "is_comment_visible": True,
            "is_editor_visible": True,
            "editor": user,
            "content_slots": {
                "main": {
                    "slot_role": "main",
                    "content_model": "wikitext",
                    "content_format": "text/x-wiki",
                    "content_sha1": "3jl2s8vd1x7g5pbk7h6hzq0d4yj7f1k",
                    "content_size": 2891,
                    "origin_rev_id": rev_id,
                }
            },
        },
    }
    return with_overrides(event, overrides)


def meta(stream: str, wiki: str) -> dict[str, Any]:
    """`meta` of an event as EventGate completed it."""
    domain = SITES.get(wiki, "test.wikipedia.org")
    return {
        "stream": stream,
        "id": "0e5bfc34-6c4e-4d2f-9c8e-1a54c1a9c0d7",
        "dt": "2023-06-07T22:03:55.160Z",
        "domain": domain,
        "uri": f"https://{domain}/wiki/Wikipedia:Sandbox",
        "request_id": "c2b3a6fe-95b7-4e0b-8f5b-5d4f0c1f2a31",
    }


def with_overrides(event: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """The event with top-level fields replaced, or taken away by None."""
    return {name: value for name, value in (event | overrides).items() if value is not None}


def schemas_folder() -> Path:
    """The folder that EVENT_SCHEMAS names; skips the test if it names none."""
    folder = os.environ.get("EVENT_SCHEMAS")
    if not folder:
        pytest.skip("EVENT_SCHEMAS does not name a folder of event schemas")
    return Path(folder)


def schema_validator(name: str) -> Any:
    """A validator for events, formats included, from e.g. `revision-score-3.0.0`."""
    return _validator(schemas_folder() / f"{name}.yaml")


def assert_valid(event: dict[str, Any], schema: str) -> None:
    """Hold an event against its schema, if EVENT_SCHEMAS names a folder of them."""
    if os.environ.get("EVENT_SCHEMAS"):
        schema_validator(schema).validate(event)


@functools.cache
def _validator(path: Path) -> Any:
    import jsonschema
    import yaml

    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    formats = jsonschema.FormatChecker(formats=[])
    formats.checks("date-time", ValueError)(_is_moment)
    formats.checks("uri-reference")(_is_uri_reference)
    return jsonschema.Draft7Validator(schema, format_checker=formats)


def _is_moment(value: object) -> bool:
    if isinstance(value, str):
        datetime.fromisoformat(value)
    return not isinstance(value, str) or value.endswith("Z")


def _is_uri_reference(value: object) -> bool:
    """The expression of RFC 3986, appendix B, over the characters that it allows."""
    if not isinstance(value, str):
        return True
    allowed = re.fullmatch(r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", value, re.ASCII)
    return allowed is not None and value.count("#") <= 1
