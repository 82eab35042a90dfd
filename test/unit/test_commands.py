"""What the command line shows."""

from __future__ import annotations

import pytest
from liftwing_serving.cli.commands import shown_prediction


@pytest.mark.parametrize(
    ("prediction", "shown"),
    [
        (True, "true"),
        ("FA", "FA"),
        (["STEM.Physics", "Culture.Sports"], "STEM.Physics, Culture.Sports"),
        ([], "none"),
    ],
)
def test_a_prediction_is_a_truth_a_word_or_several(
    prediction: bool | str | list[str], shown: str
) -> None:
    assert shown_prediction(prediction) == shown
