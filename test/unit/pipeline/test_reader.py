"""Pipeline files: what is read of them and what is refused."""

from __future__ import annotations

import pytest
from liftwing_blubber import BlubberError
from liftwing_pipeline.reader import read
from liftwing_pipeline.spec import Build, Pipeline, Publish, Run

HEAD = "pipelines:\n  x:\n    stages:\n"


def pipeline(stages: str, more: str = "") -> Pipeline:
    return read(f"pipelines:\n  x:\n{more}    stages:\n{stages}", "config.yaml")["x"]


def refusal(text: str) -> str:
    with pytest.raises(BlubberError) as caught:
        read(text, "config.yaml")
    return str(caught.value)


def test_a_stage_of_nothing_but_a_name_builds_and_runs_the_variant_of_that_name() -> None:
    (stage,) = pipeline("      - name: lint\n").stages
    assert stage.build == Build("lint", ".", False)
    assert stage.run == Run("${.imageID}", (), {}, 0)
    assert stage.publish is None


def test_what_is_left_out_has_pipelinelibs_defaults() -> None:
    (stage,) = pipeline("      - {name: p, build: {}, publish: {image: true}}\n").stages
    assert stage.blubberfile == "x/blubber.yaml"
    assert stage.build == Build("${.stage}", ".", False)
    assert stage.run is None
    tag = "${setup.timestamp}-${.stage}"
    assert stage.publish == Publish("${.imageID}", "${setup.project}", tag, ())


def test_run_false_runs_nothing() -> None:
    (stage,) = pipeline("      - {name: p, build: test, run: false}\n").stages
    assert stage.run is None


def test_everything_can_be_said() -> None:
    (stage,) = pipeline("""\
      - name: all
        blubberfile: y.yaml
        build: {variant: v, context: src, imagePullPolicy: always}
        run: {image: i, arguments: [a, b], env: {KEY: value}, tail: 5}
        publish: {image: {id: i, name: n, tag: t, tags: [u, v]}}
        exports: {it: "${.imageTag}"}
""").stages
    assert stage.blubberfile == "y.yaml"
    assert stage.build == Build("v", "src", True)
    assert stage.run == Run("i", ("a", "b"), {"KEY": "value"}, 5)
    assert stage.publish == Publish("i", "n", "t", ("u", "v"))
    assert stage.exports == {"it": "${.imageTag}"}


def test_stages_follow_one_another() -> None:
    stages = pipeline("      - name: b\n      - name: a\n").stages
    assert [(stage.name, set(stage.after)) for stage in stages] == [("b", set()), ("a", {"b"})]


def test_a_stage_runs_after_those_before_it_on_any_arc_and_knows_no_others() -> None:
    names = "".join(f"      - name: {name}\n" for name in ("end", "left", "right", "start"))
    arcs = "    execution: [[start, left, end], [right, end]]\n"
    stages = pipeline(names, arcs).stages
    after = {stage.name: set(stage.after) for stage in stages}
    assert after["left"] == {"start"}
    assert after["right"] == set()
    assert after["end"] == {"start", "left", "right"}
    order = [stage.name for stage in stages]
    assert order.index("start") < order.index("left") < order.index("end") == 3


@pytest.mark.parametrize(
    ("stages", "reason"),
    [
        ("      - {name: a, bild: test}", "4: pipelines.x.stages[0].bild: unknown key; known are"),
        ("      - {name: a, Build: test}", "Build: unknown key"),
        ("      - {name: a, deploy: {}}", "deploy: not supported: there is no cluster"),
        ("      - {name: a, promote: true}", "promote: not supported"),
        ("      - {name: a, copy: [x]}", "copy: not supported"),
        ("      - {name: a, build: {excludes: [x]}}", "write them into .dockerignore"),
        ("      - {name: a, build: {context: 'https://x/y'}}", "only a folder of the checkout"),
        ("      - {name: a, build: {imagePullPolicy: never}}", "must be always or empty"),
        ("      - {name: a, run: {credentials: []}}", "there is no store of credentials"),
        ("      - {name: a, run: {arguments: {$each: x}}}", "must be a list"),
        ("      - {name: a, run: {env: {A: 1}}}", "env.A: must be a string"),
        ("      - {name: a, run: yes please}", "must be true or false"),
        ("      - {name: a, publish: {files: {}}}", "only images are published"),
        ("      - {name: a, publish: {}}", "has no image"),
        ("      - {name: a, blubberfile: {version: v4}}", "must be a string"),
        ("      - {name: setup}", "PipelineLib reserves the name setup"),
        ("      - {name: a.b}", "is not a name"),
        ("      - {build: test}", "has no name"),
        ("      - {name: a}\n      - {name: a}", "5: pipelines.x.stages[1].name: there are two"),
        ("      []", "has no stages"),
    ],
)
def test_what_cannot_be_run_is_refused_by_line(stages: str, reason: str) -> None:
    assert reason in refusal(HEAD + stages)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("    execution: [[a], [c]]\n", "there is no stage 'c'"),
        ("    execution: [[a]]\n", "the stage 'b' is in no arc"),
        ("    execution: [[a, b], [b, a]]\n", "a cycle of stages: "),
        ("    fetch: {depth: 2}\n", "fetch: not supported"),
    ],
)
def test_a_pipeline_that_cannot_be_run_is_refused(more: str, reason: str) -> None:
    stages = "    stages: [{name: a}, {name: b}]\n"
    assert reason in refusal(f"pipelines:\n  x:\n{stages}{more}")
