"""The demo wiki's history as an XML dump that MediaWiki's importDump.php reads.

The dump is a complete one: it has what is hidden and what was deleted.
"""

from collections import defaultdict
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from liftwing_demo.wiki.namespaces import WIKIPEDIA
from liftwing_demo.wiki.records import Page, Revision
from liftwing_demo.wiki.store import WikiStore

FORMATS = {"wikitext": "text/x-wiki", "json": "application/json", "css": "text/css"}
_SCHEMA = "http://www.mediawiki.org/xml/export-0.11/"


def write_dump(store: WikiStore, stream: TextIO) -> int:
    """Write every page with all its revisions, pages by id; how many pages there were."""
    history: defaultdict[int, list[Revision]] = defaultdict(list)
    for revision in store.all_revisions():
        history[revision.page_id].append(revision)
    pages = store.pages(sorted(history))
    stream.write(f'<mediawiki xmlns="{_SCHEMA}" version="0.11" xml:lang="en">\n')
    stream.write(_site_info())
    for page_id, revisions in sorted(history.items()):
        stream.write(_page_head(pages[page_id]))
        for revision in revisions:
            text = store.text(revision.sha1)
            stream.write(_revision(revision, pages[page_id].content_model, text))
        stream.write("</page>\n")
    stream.write("</mediawiki>\n")
    return len(history)


def _site_info() -> str:
    names = "".join(
        f'<namespace key="{number}" case="first-letter">{escape(name)}</namespace>'
        for number, name in sorted(WIKIPEDIA.names.items())
    )
    return f"<siteinfo><case>first-letter</case><namespaces>{names}</namespaces></siteinfo>\n"


def _page_head(page: Page) -> str:
    return (
        f"<page><title>{escape(page.title)}</title>"
        f"<ns>{page.namespace}</ns><id>{page.page_id}</id>\n"
    )


def _revision(revision: Revision, model: str, text: str) -> str:
    parent = f"<parentid>{revision.parent_id}</parentid>" if revision.parent_id else ""
    comment = f"<comment>{escape(revision.comment)}</comment>" if revision.comment else ""
    return (
        f"<revision><id>{revision.rev_id}</id>{parent}"
        f"<timestamp>{revision.timestamp}</timestamp>"
        f"<contributor>{_contributor(revision)}</contributor>"
        f"{'<minor/>' if revision.minor else ''}{comment}"
        f"<model>{model}</model><format>{FORMATS[model]}</format>"
        f"<text bytes={quoteattr(str(revision.size))} sha1={quoteattr(revision.sha1)}"
        f' xml:space="preserve">{escape(text)}</text>'
        f"<sha1>{revision.sha1}</sha1></revision>\n"
    )


def _contributor(revision: Revision) -> str:
    if revision.user_id:
        return f"<username>{escape(revision.user_name)}</username><id>{revision.user_id}</id>"
    return f"<ip>{escape(revision.user_name)}</ip>"
