"""The event of an edit, as MediaWiki's EventBus makes it: mediawiki/revision/create 2.0.0."""

from datetime import datetime
from typing import Any

from liftwing_demo.live.edits import Edit
from liftwing_demo.wiki.sites import Site

STREAM = "mediawiki.revision-create"


def revision_create(edit: Edit, site: Site, moment: datetime, event_id: str) -> dict[str, Any]:
    """The event of an edit that was saved at that moment."""
    revision, page = edit.revision, edit.page
    model = page.content_model
    event = {
        "$schema": "/mediawiki/revision/create/2.0.0",
        "dt": revision.timestamp,
        "meta": {
            "stream": STREAM,
            "id": event_id,
            "request_id": event_id,
            "domain": site.host,
            "uri": f"https://{site.host}/wiki?curid={page.page_id}",
            "dt": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        },
        "database": site.database,
        "page_id": page.page_id,
        "page_title": page.title.replace(" ", "_"),
        "page_namespace": page.namespace,
        "page_is_redirect": page.redirect is not None,
        "rev_id": revision.rev_id,
        "rev_timestamp": revision.timestamp,
        "rev_sha1": revision.sha1,
        "rev_len": revision.size,
        "rev_minor_edit": revision.minor,
        "rev_content_model": model,
        "rev_content_format": "application/json" if "json" in model else "text/x-wiki",
        "comment": revision.comment,
        "performer": _performer(edit),
    }
    if revision.parent_id:
        event["rev_parent_id"] = revision.parent_id
    return event


def _performer(edit: Edit) -> dict[str, Any]:
    user = edit.user
    if user is None:
        return {
            "user_text": edit.revision.user_name,
            "user_groups": ["*"],
            "user_is_bot": False,
        }
    performer: dict[str, Any] = {
        "user_text": user.name,
        "user_groups": [*user.groups, "*", "user"],
        "user_is_bot": "bot" in user.groups,
        "user_id": user.user_id,
        "user_edit_count": user.edit_count,
    }
    if user.registration is not None:
        performer["user_registration_dt"] = user.registration
    return performer
