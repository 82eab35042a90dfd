"""Variables of pipeline files."""

from __future__ import annotations

import pytest
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.spec import Stage
from liftwing_pipeline.variables import Variables


def stage(name: str, *after: str) -> Stage:
    return Stage(name, "", frozenset(after), None, None, None, {})


@pytest.fixture
def variables() -> Variables:
    made = Variables({"timestamp": "now"})
    made.bind(stage("run-test"), "imageID", "abc")
    made.bind(stage("beside"), "imageID", "def")
    made.bind(stage("own"), "stage", "own")
    return made


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("${setup.timestamp}-${.stage}", "now-own"),
        ("${run-test.imageID}", "abc"),
        ("${.nothing|a default}", "a default"),
        ("${.nothing|}", ""),
        ("${.stage|unused}", "own"),
        ("$HOME $(date) {}", "$HOME $(date) {}"),
    ],
)
def test_variables_are_replaced(text: str, replaced: str, variables: Variables) -> None:
    assert variables.replace(text, stage("own", "run-test")) == replaced


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("${beside.imageID}", "it does not run after a stage 'beside'"),
        ("${own.stage}", "it does not run after a stage 'own'"),
        ("${.imageID}", "has no value in the stage own; there are .stage, run-test.imageID"),
        ("${setup.httpProxy}", "has no value"),
        ("${.stage.imageID}", "is no variable"),
        ("${HOME}", "is no variable"),
        ("a ${setup.timestamp", "is no variable"),
    ],
)
def test_what_has_no_value_is_refused(text: str, reason: str, variables: Variables) -> None:
    with pytest.raises(PipelineError) as caught:
        variables.replace(text, stage("own", "run-test"))
    assert reason in str(caught.value)


def test_a_replaced_value_is_not_read_again(variables: Variables) -> None:
    variables.bind(stage("own"), "output", "${setup.timestamp}")
    assert variables.replace("${.output}", stage("own")) == "${setup.timestamp}"


def test_a_name_is_bound_once(variables: Variables) -> None:
    with pytest.raises(PipelineError, match="twice"):
        variables.bind(stage("own"), "stage", "other")
