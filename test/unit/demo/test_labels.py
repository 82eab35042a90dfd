"""The labels that demo models learn follow from the texts by simple rules."""

import pytest
from liftwing_demo.training.suites import articlequality, draftquality, items, topic
from liftwing_demo.training.suites.articles import MAX_BYTES, read_texts
from liftwing_demo.wiki import WikiStore


def article(size: int, references: int, headings: int) -> str:
    text = "<ref>A source</ref>" * references + "\n== Heading ==\n" * headings
    return text + "x" * (size - len(text))


@pytest.mark.parametrize(
    ("size", "references", "headings", "expected"),
    [
        (500, 0, 0, "Stub"),
        (90_000, 0, 0, "Stub"),
        (2_200, 1, 0, "Start"),
        (6_000, 5, 3, "C"),
        (14_000, 12, 6, "B"),
        (28_000, 30, 10, "GA"),
        (55_000, 80, 14, "GA"),
        (55_000, 80, 15, "FA"),
    ],
)
def test_a_text_has_the_best_class_whose_needs_it_meets(
    size: int, references: int, headings: int, expected: str
) -> None:
    assert articlequality.quality_of(article(size, references, headings)) == expected


def test_categories_name_topics() -> None:
    categories = ["1879 births", "20th-century American writers", "Theoretical physicists"]
    assert topic.topics_of(categories) == [
        "Culture.Biography.Biography*",
        "Culture.Literature",
        "Geography.Regions.Americas.North America",
        "History and Society.History",
        "STEM.Physics",
        "STEM.STEM*",
    ]
    assert topic.topics_of([]) == []


def statement(property_id: str, value: str, *sources: str) -> dict[str, object]:
    snak = {"property": property_id, "snaktype": "value", "datavalue": {"value": {"id": value}}}
    return {"mainsnak": snak, "references": [{"snaks": {source: []}} for source in sources]}


def test_an_item_s_topics_follow_from_its_class_and_occupation() -> None:
    claims = {"P31": [statement("P31", "Q5")], "P106": [statement("P106", "Q169470")]}
    assert items.topics_of({"claims": claims}) == ["Culture.Biography.Biography*", "STEM.Physics"]
    # The same value with another property says something else.
    assert items.topics_of({"claims": {"P361": [statement("P361", "Q5")]}}) == []
    assert items.topics_of({"claims": []}) == []


def test_an_item_s_class_counts_statements_outside_sources_and_labels() -> None:
    labels = {code: {} for code in ("en", "de", "fr", "es", "nl")}

    def item(*sources: str) -> dict[str, object]:
        return {"labels": labels, "claims": {"P1": [statement("P1", "Q1", *sources)] * 6}}

    assert items.quality_of(item("P143", "P248")) == "B"
    assert items.quality_of(item("P143")) == "D"
    assert items.quality_of({"labels": [], "claims": []}) == "E"


def test_drafts_are_labelled_by_who_wrote_them(store: WikiStore) -> None:
    labelled = {example.rev_id: example.truth for example in draftquality.examples(store)}
    kinds = {label.rev_id: label.kind for label in store.labels()}
    assert {"OK", "spam"} <= set(map(str, labelled.values()))
    assert all(kinds[rev_id] == "draft" for rev_id, truth in labelled.items() if truth == "OK")
    assert all(kinds[rev_id] == truth for rev_id, truth in labelled.items() if truth != "OK")


def test_a_draft_and_its_article_are_one_subject(store: WikiStore) -> None:
    examples = articlequality.examples(store)
    subjects = [example.subject for example in examples]
    assert len(set(subjects)) < len(subjects)
    assert not any(str(subject).startswith("Draft:") for subject in subjects)


def test_a_short_history_has_few_texts_and_no_large_ones(store: WikiStore) -> None:
    texts = list(read_texts(store))
    assert len([text for text in texts if text.kind == "import"]) <= int(store.meta()["revisions"])
    assert all(len(text.text.encode()) <= MAX_BYTES for text in texts)
    drafts = [example for example in topic.of_drafts(store) if example.truth]
    assert drafts
