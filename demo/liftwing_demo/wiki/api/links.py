"""generator=links: what pages link to, as the pages of a query."""

from liftwing_demo.wiki import outlinks
from liftwing_demo.wiki.api.params import ApiError, Params
from liftwing_demo.wiki.records import Page
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.titles import Title

MOST = 500
DEFAULT = 10
_BAD_CONTINUE = (
    "Invalid continue param. You should pass the original value returned by the previous query."
)


def linked_titles(
    store: WikiStore, params: Params, pages: list[Page]
) -> tuple[list[Title], dict[str, str]]:
    """Titles that the pages link to, as many as are wanted, and by what to get the next ones.

    Raises:
        ApiError: a parameter is malformed.
    """
    namespaces = _namespaces(params)
    limit = _limit(params)
    begin = _begin(params)
    rows = [
        (page.page_id, *outlinks.index_key(title), title)
        for page in sorted(pages, key=lambda page: page.page_id)
        for title in outlinks.of_page(store, page)
        if namespaces is None or title.namespace in namespaces
    ]
    rows = [row for row in rows if begin is None or row[:3] >= begin]
    titles = [row[3] for row in rows[:limit]]
    if len(rows) <= limit:
        return titles, {}
    return titles, {"gplcontinue": "|".join(map(str, rows[limit][:3]))}


def _namespaces(params: Params) -> list[int] | None:
    if params.text("gplnamespace") == "*":
        return None
    return params.integers("links", "gplnamespace")


def _limit(params: Params) -> int:
    value = params.text("gpllimit")
    if value is None:
        return DEFAULT
    if value == "max":
        return MOST
    if not (value.isascii() and value.isdigit()):
        raise ApiError("badinteger", f'Invalid value "{value}" for integer parameter "gpllimit".')
    number = max(1, min(int(value), MOST))
    if number != int(value):
        text = f'The value "{value}" for parameter "gpllimit" must be between 1 and {MOST}.'
        params.warn("links", text)
    return number


def _begin(params: Params) -> tuple[int, int, str] | None:
    value = params.text("gplcontinue")
    if value is None:
        return None
    parts = value.split("|")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].lstrip("-").isdecimal()):
        raise ApiError("badcontinue", _BAD_CONTINUE)
    return int(parts[0]), int(parts[1]), parts[2]
