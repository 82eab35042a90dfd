"""The articles come from the installed gensim package."""

import bz2
import subprocess
import sys
from pathlib import Path

import pytest
from liftwing_demo.wiki.articles import Article, read_articles
from support.environment import environment

PAGE = (
    "<page><title>{title}</title><ns>{ns}</ns><id>{id}</id>"
    "<revision><text>{text}</text></revision></page>"
)
LONG = "A long article with more than enough to say. " * 60


def dump(tmp_path: Path, *pages: str, cut: int = 0) -> Path:
    path = tmp_path / "dump.xml.bz2"
    packed = bz2.compress(f"<mediawiki>{''.join(pages)}</mediawiki>".encode())
    path.write_bytes(packed[: len(packed) - cut])
    return path


def page(title: str, ns: int = 0, text: str = LONG) -> str:
    return PAGE.format(title=title, ns=ns, id=len(title), text=text)


def test_the_installed_articles_are_103_and_the_largest_has_180_kilobytes(
    articles: list[Article],
) -> None:
    sizes = [len(article.text.encode()) for article in articles]
    assert len(sizes) == 103
    assert max(sizes) > 180_000


def test_finding_the_articles_does_not_import_gensim() -> None:
    code = (
        "import sys; from liftwing_demo.wiki.articles import dump_path; "
        "sys.exit(not dump_path().is_file() or 'gensim' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True)


@pytest.mark.parametrize(
    "left_out",
    [page("R", text="#redirect [[Elsewhere]]" + LONG), page("Talk:A", ns=1), page("S", text="x")],
    ids=["redirect", "other namespace", "stub"],
)
def test_only_real_articles_are_read(tmp_path: Path, left_out: str) -> None:
    path = dump(tmp_path, page("First"), left_out, page("Second"))
    assert [article.title for article in read_articles(path)] == ["First", "Second"]


def test_a_dump_whose_xml_ends_in_the_middle_yields_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(bz2.compress(f"<mediawiki>{page('First')}<page><title>Sec".encode()))
    assert [article.title for article in read_articles(path)] == ["First"]


def test_a_dump_of_a_named_xml_schema_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml.bz2"
    path.write_bytes(bz2.compress(f"<mediawiki xmlns='urn:x'>{page('A')}</mediawiki>".encode()))
    assert [(article.page_id, article.title) for article in read_articles(path)] == [(1, "A")]


def test_a_dump_whose_compression_ends_in_the_middle_is_no_error(tmp_path: Path) -> None:
    assert list(read_articles(dump(tmp_path, page("First"), cut=12))) == []
