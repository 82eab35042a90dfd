"""INFERENCE_NAME: what it may say, and what it is told when it says something else."""

import pytest
from liftwing_serving.revscoring.families import EDITQUALITY, FAMILIES
from liftwing_serving.revscoring.names import ServiceName, parse_names
from liftwing_serving.settings import SettingsError


def test_a_name_is_a_wiki_and_a_kind() -> None:
    assert parse_names("enwiki-goodfaith", [EDITQUALITY]) == [ServiceName("enwiki", "goodfaith")]
    assert str(ServiceName("enwiki", "goodfaith")) == "enwiki-goodfaith"


def test_several_models_of_one_wiki() -> None:
    names = parse_names("enwiki-damaging, enwiki-reverted", [EDITQUALITY])
    assert [name.kind for name in names] == ["damaging", "reverted"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("enwiki", "not of the form WIKI-MODEL"),
        ("enwiki-vandalism", "damaging, goodfaith, reverted"),
        ("-damaging", "not of the form"),
        ("", "not of the form"),
        ("enwiki-damaging,", "not of the form"),
        ("enwiki-damaging,dewiki-damaging", "of one wiki"),
        ("enwiki-damaging,enwiki-damaging", "twice"),
        ("enwiki-articlequality", "not a model of editquality"),
    ],
)
def test_a_name_that_cannot_be_served_is_refused_clearly(name: str, says: str) -> None:
    with pytest.raises(SettingsError, match="^INFERENCE_NAME: ") as caught:
        parse_names(name, [EDITQUALITY])
    assert says in str(caught.value)


def test_models_of_several_families_are_served_where_all_families_are() -> None:
    mixed = "enwiki-damaging,enwiki-articlequality,enwiki-draftquality"
    assert [str(name) for name in parse_names(mixed, FAMILIES)] == mixed.split(",")


def test_a_kind_that_no_family_has_is_told_all_kinds() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_names("enwiki-vandalism", FAMILIES)
    assert str(caught.value) == (
        "INFERENCE_NAME: enwiki-vandalism is not a model of articlequality or draftquality or "
        "editquality or topic: this server has articlequality, itemquality, draftquality, "
        "damaging, goodfaith, reverted, articletopic, itemtopic, drafttopic."
    )


def test_no_kind_belongs_to_two_families() -> None:
    kinds = [kind for family in FAMILIES for kind in family.kinds]
    assert len(kinds) == len(set(kinds))
