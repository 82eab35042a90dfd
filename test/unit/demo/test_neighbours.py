"""The pages around the articles: titles with items, redirects, and what does not exist."""

from __future__ import annotations

from liftwing_demo.wiki import WikiStore
from liftwing_demo.wiki.articles import Article
from liftwing_demo.wiki.neighbours import ODD_REDIRECTS, linked_titles, neighbourhood
from liftwing_demo.wiki.records import Page

HOME = Page(1, 0, "Home")


def around(text: str, pages: tuple[Page, ...] = (HOME,)) -> dict[str, Page]:
    found = neighbourhood([Article(1, "Home", text)], pages)
    return {page.title: page for page in found}


def test_titles_are_taken_from_links_to_articles_only() -> None:
    text = "[[a b]] [[ c |d]] [[E#f]] [[File:G.png]] [[wikt:h]] [[:i]] [[#j]] [[k&l]] [[m\nn]]"
    assert linked_titles([Article(1, "Home", text)]) == {"A b", "C", "E"}


def test_pages_of_the_wiki_come_first_and_get_items_if_they_are_articles() -> None:
    others = (Page(2, 1, "Talk:Home"), Page(3, 0, "Home.css", "css"))
    pages = list(neighbourhood([Article(1, "Home", "[[Away]]")], (HOME, *others)))
    assert [page.page_id for page in pages[:3]] == [1, 2, 3]
    assert [page.item is None for page in pages[:3]] == [False, True, True]


def test_an_article_that_is_not_written_yet_is_no_mere_title() -> None:
    articles = [Article(1, "Home", "[[Later]]"), Article(2, "Later", "[[Home]]")]
    assert {page.title for page in neighbourhood(articles, [HOME])} - ODD_REDIRECTS.keys() == {
        "Home"
    }


def test_a_title_has_the_same_item_in_every_wiki() -> None:
    first, second = around("[[Apple]] [[Pear]]"), around("[[Pear]] [[Plum]] [[Apple]]")
    assert first["Pear"].item is not None
    assert first["Pear"].item == second["Pear"].item != first["Apple"].item


def test_plurals_and_other_spellings_are_redirects() -> None:
    pages = around("[[Tree]] [[Trees]] [[Trojan War]] [[Trojan war]] [[Homes]]")
    assert {title: pages[title].redirect for title in ("Trees", "Trojan war", "Homes")} == {
        "Trees": "Tree",
        "Trojan war": "Trojan War",
        "Homes": "Home",
    }
    assert all(page.item is None for page in pages.values() if page.redirect)


def test_most_titles_exist_and_most_of_those_have_an_item(store: WikiStore) -> None:
    titles = list(store.mere_titles())
    assert len(titles) > 10_000
    redirects = [page for page in titles if page.redirect is not None]
    assert {page.title: page.redirect for page in redirects}.items() >= ODD_REDIRECTS.items()
    assert 0.2 < sum(page.section != "" for page in redirects) / len(redirects) < 0.3
    plain = [page for page in titles if page.redirect is None]
    assert 0.02 < sum(page.item is None for page in plain) / len(plain) < 0.04
    items = [page.item for page in (*titles, *store.written_pages()) if page.item]
    assert len(set(items)) == len(items)


def test_every_article_has_an_item(store: WikiStore) -> None:
    articles = [page for page in store.written_pages() if page.namespace == 0]
    assert len(articles) > 90
    assert all(page.item for page in articles)
    assert not any(page.redirect for page in articles)
