"""action=parse: the links of one revision."""

from typing import Any

from liftwing_demo.wiki import outlinks
from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.api.shape import ContentKey
from liftwing_demo.wiki.store import WikiStore

MODULE = "parse"
TITLE = ContentKey("title")


def parse(store: WikiStore, params: Params) -> dict[str, Any]:
    """The result of `oldid` and `prop=links`; this wiki knows nothing else of the action.

    Raises:
        ApiError: there is no such revision, or its text is hidden.
    """
    rev_id = params.integer("oldid")
    properties = params.options(MODULE, "prop", ("links",))
    if rev_id is None:
        raise ApiError("missingparam", 'This wiki parses revisions, by "oldid", only.')
    revision = store.revisions([rev_id], with_text=True).get(rev_id)
    if revision is None:
        raise ApiError("nosuchrevid", f"There is no revision with ID {rev_id}.")
    if revision.hidden.text:
        raise ApiError(
            "permissiondenied", "You don't have permission to view deleted revision text."
        )
    page = store.pages([revision.page_id])[revision.page_id]
    document: dict[str, Any] = {
        "title": page.title,
        "pageid": page.page_id,
        "revid": rev_id,
    }
    if "links" in properties:
        document["links"] = [
            {"ns": title.namespace, TITLE: title.full, "exists": exists}
            for title, exists in outlinks.of_revision(store, page, revision).items()
        ]
    return {"parse": document}
