"""What the pages of a wiki link to, read from their texts when it is asked for."""

from collections.abc import Collection

from liftwing_demo.wiki.parser import links_of
from liftwing_demo.wiki.records import Page, Revision
from liftwing_demo.wiki.store import WikiStore
from liftwing_demo.wiki.titles import Title, parse_title

# As MediaWiki, which looks for links in style sheets too.
_WITH_LINKS = frozenset({"wikitext", "css"})


def of_revision(store: WikiStore, page: Page, revision: Revision) -> dict[Title, bool]:
    """The titles in MediaWiki's order, and whether there is a page; the text must be read."""
    if page.content_model not in _WITH_LINKS:
        return {}
    known = store.site().namespaces
    mentioned = links_of(revision.text or "", parse_title(page.title, known=known))

    def existing(titles: Collection[Title]) -> list[Title]:
        by_name = {title.full: title for title in titles}
        found = [by_name[name] for name in store.pages_titled(list(by_name))]
        return sorted(found, key=index_key)

    return mentioned.ordered(existing)


def of_page(store: WikiStore, page: Page) -> list[Title]:
    """The titles that a page's last revision links to, in the order of the wiki's index."""
    latest = store.latest_revisions([page.page_id], with_text=True)
    links = of_revision(store, page, latest[page.page_id]) if latest else {}
    return sorted(links, key=index_key)


def index_key(title: Title) -> tuple[int, str]:
    """What MediaWiki's tables are sorted by."""
    return title.namespace, title.name.replace(" ", "_")
