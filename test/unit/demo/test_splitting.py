"""What is held out: whole subjects, a quarter of them, and some of every label."""

from liftwing_demo.training.splitting import occurs, only, split
from liftwing_demo.training.suite import Example

EDITS = [Example(number, number // 3, number % 5 == 0) for number in range(300)]
CLASSES = [
    Example(number, f"page {number // 2}", "ABCD"[number % 40 > 35]) for number in range(400)
]


def test_a_quarter_of_the_subjects_is_held_out_and_always_the_same() -> None:
    for examples in (EDITS, CLASSES):
        seen, unseen = split(examples)
        subjects = {example.subject for example in examples}
        assert len({example.subject for example in unseen}) == len(subjects) // 4
        assert len(seen) + len(unseen) == len(examples)
        assert split(examples) == (seen, unseen)


def test_no_subject_is_on_both_sides() -> None:
    for examples in (EDITS, CLASSES):
        seen, unseen = split(examples)
        assert not {one.subject for one in seen} & {one.subject for one in unseen}


def test_of_a_rare_label_each_side_has_its_share() -> None:
    seen, unseen = split(CLASSES)
    rare = [sum(example.truth == "B" for example in side) for side in (seen, unseen)]
    assert rare == [30, 10]


def test_of_a_rare_topic_each_side_has_its_share() -> None:
    topics = [["common", "rare"] if number % 20 == 3 else ["common"] for number in range(160)]
    examples = [Example(number, number, truth) for number, truth in enumerate(topics)]
    sides = split(examples)
    rare = [sum(one.truth == ["common", "rare"] for one in side) for side in sides]
    assert rare == [6, 2]


def test_a_label_occurs_only_where_it_can_be_told_from_others() -> None:
    both = [([1], ["x", "y"]), ([2], ["x"])]
    assert occurs("y", both)
    assert not occurs("x", both)
    assert not occurs("z", both)


def test_labels_that_no_model_has_are_left_out_with_their_examples() -> None:
    assert only(["x"], [([1], ["x", "y"]), ([2], ["y"])]) == [([1], ["x"]), ([2], [])]
    assert only([True, False], [([1], True)]) == [([1], True)]
    assert only(["A"], [([1], "A"), ([2], "B")]) == [([1], "A")]
