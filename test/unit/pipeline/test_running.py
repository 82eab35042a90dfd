"""What running a pipeline asks of docker, seen by a stand-in that records it."""

from __future__ import annotations

import pathlib

import pytest
from liftwing_blubber import compile_text
from liftwing_pipeline.cli import main
from liftwing_pipeline.docker import Docker
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.reader import read
from liftwing_pipeline.runner import Image, Registry, Runner
from support.recording_docker import SPEC, RecordingDocker

SETUP = {"project": "some-project", "timestamp": "2026-01-31-235959", "commit": "c0ffee"}
FULL_NAME = "127.0.0.1:5000/wikimedia/machinelearning-liftwing-inference-services-editquality"
# An image during whose run someone types Ctrl-C.
INTERRUPTING = """
import signal, time
if words[0] == "run":
    # Whoever started this may still be at that.
    time.sleep(0.5)
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(0.2)
"""
# An image that runs for 10 s, unless its container is removed.
UNTIL_REMOVED = """
import time
for _ in range(100 * (words[0] == "run")):
    time.sleep(0.1)
    if '"rm"' in log.read_text():
        sys.exit(137)
"""
DIGEST = f"sha256:{'d' * 64}"


def run(
    checkout: pathlib.Path, name: str, text: str = "", registry: Registry | None = None
) -> list[Image]:
    text = text or (checkout / ".pipeline/config.yaml").read_text()
    pipeline = read(text, "config.yaml")[name]
    return list(Runner(checkout, SETUP, registry).run(pipeline, Docker()))


def test_a_test_is_built_and_run_and_then_production_is_built(
    docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    images = run(checkout, "editquality")
    built, ran, last = docker.calls()
    assert built.stdin == compile_text(SPEC, "test")
    assert built.words[-1] == str(checkout)
    assert built.buildkit == "1"
    assert "--pull" not in built.words
    assert ran.words[0] == "run" and ran.words[-1] == f"{0:064x}"
    assert last.stdin == compile_text(SPEC, "production")
    assert images == [
        Image("run-test", f"sha256:{0:064x}"),
        Image("production", f"sha256:{2:064x}"),
    ]


@pytest.mark.parametrize(("name", "corpora"), [("editquality", "downloaded"), ("topic", "none")])
def test_images_tell_pipeline_commit_and_corpora(
    name: str, corpora: str, docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    run(checkout, f"{name}-publish", registry=Registry("127.0.0.1:5000"))
    (built,) = docker.calls("build")
    labels = {b for a, b in zip(built.words, built.words[1:]) if a == "--label"}
    assert labels == {
        "ci.project=some-project",
        f"ci.pipeline={name}-publish",
        "zuul.commit=c0ffee",
        f"corpora={corpora}",
    }


def test_production_is_published_under_all_tags_and_the_digests_are_told(
    docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    registry = Registry("127.0.0.1:5000", tags=("0.1.0", "stable"))
    images = run(checkout, "editquality-publish", registry=registry)
    tags = ("2026-01-31-235959-publish", "stable", "c0ffee", "0.1.0")
    names = [f"{FULL_NAME}:{tag}" for tag in tags]
    assert [call.words[1:] for call in docker.calls("tag")] == [[f"{0:064x}", it] for it in names]
    assert [call.words[1:] for call in docker.calls("push")] == [[name] for name in names]
    assert [image.reference for image in images[1:]] == [f"{name}@{DIGEST}" for name in names]


def test_values_travel_between_stages(docker: RecordingDocker, checkout: pathlib.Path) -> None:
    text = """
pipelines:
  editquality:
    directory: src
    stages:
      - name: made
        build: {variant: production, context: service, imagePullPolicy: always}
        run: {arguments: ["${.stage}"], env: {WHEN: "${setup.timestamp}"}, tail: 2}
        exports: {printed: "<${.output}>"}
      - name: used
        run: {image: "${made.imageID}", arguments: ["${made.printed}"]}
"""
    run(checkout, "editquality", text)
    built, first, second = docker.calls()
    assert built.words[-1] == str(checkout / "src/service")
    assert "--pull" in built.words
    assert first.value("-e") == "WHEN=2026-01-31-235959"
    assert first.words[-2:] == [f"{0:064x}", "made"]
    assert second.words[-2:] == [f"{0:064x}", "<two\nthree\n>"]


def test_the_first_step_that_fails_ends_the_run(
    docker: RecordingDocker, checkout: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "run")
    with pytest.raises(PipelineError, match="ended with status 3"):
        run(checkout, "editquality")
    built, ran, removed = docker.calls()
    assert removed.words == ["rm", "--force", ran.value("--name")]


@pytest.mark.parametrize(
    ("command", "reason"),
    [("build", "does not build"), ("tag", "failed"), ("push", "cannot be pushed")],
)
def test_a_command_that_fails_is_told(
    command: str,
    reason: str,
    docker: RecordingDocker,
    checkout: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAIL", command)
    with pytest.raises(PipelineError, match=reason):
        run(checkout, "editquality-publish", registry=Registry("127.0.0.1:5000"))
    assert docker.calls()[-1].words[0] == command


def test_what_runs_too_long_is_removed(
    docker: RecordingDocker, checkout: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.command.write_text(docker.command.read_text() + UNTIL_REMOVED)
    monkeypatch.setattr("liftwing_pipeline.docker.RUN_SECONDS", 0.2)
    with pytest.raises(PipelineError, match="ended with status 137"):
        run(checkout, "editquality")
    ran, removed = docker.calls("run", "rm")[:2]
    assert removed.words == ["rm", "--force", ran.value("--name")]


def test_ctrl_c_removes_the_container(
    docker: RecordingDocker, checkout: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    docker.command.write_text(docker.command.read_text() + INTERRUPTING)
    assert main(["--root", str(checkout), "run", "editquality"]) == 130
    ran, removed = docker.calls("run", "rm")
    assert removed.words == ["rm", "--force", ran.value("--name")]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        ("{name: b, build: production, publish: {image: {tag: '${setup.tpyo}'}}}", "has no value"),
        ("{name: b, build: production, publish: {image: {name: a/b}}}", "is not the name of an"),
        ("{name: b, build: production, publish: {image: {name: Upper}}}", "is not the name of an"),
        ("{name: b, build: production, publish: {image: {tag: 'a b'}}}", "is not a tag"),
        ("{name: b, run: true}", "has no value"),
        ("{name: b, blubberfile: none.yaml, build: test}", "has no Blubber file .pipeline/none"),
    ],
)
def test_a_mistake_in_a_late_stage_is_found_before_the_first_is_built(
    stage: str, reason: str, docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    text = f"pipelines: {{editquality: {{stages: [{{name: a, build: test}}, {stage}]}}}}"
    with pytest.raises(PipelineError, match=reason):
        run(checkout, "editquality", text, Registry("127.0.0.1:5000"))
    assert docker.calls() == []


def test_nothing_is_published_without_a_registry(
    docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    with pytest.raises(PipelineError, match="say where with --registry"):
        run(checkout, "editquality-publish")
    assert docker.calls() == []


def test_stand_ins_for_corpora_are_published_only_where_that_is_allowed(
    docker: RecordingDocker,
    checkout: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    marker = checkout / "build/nltk_data/corpora.json"
    marker.write_text(marker.read_text().replace("downloaded", "stand-in"))
    pipeline = checkout / ".pipeline/config.yaml"
    pipeline.write_text(pipeline.read_text().replace("${setup.commit}", "a-tag"))
    command = ["--root", str(checkout), "run", "--registry", "h", "--dry-run"]
    monkeypatch.delenv("ALLOW_STAND_IN", raising=False)
    assert main([*command, "topic-publish"]) == 0
    assert main([*command, "editquality-publish"]) == 1
    assert "would hold stand-ins for corpora" in capsys.readouterr().err
    monkeypatch.setenv("ALLOW_STAND_IN", "1")
    assert main([*command, "editquality-publish"]) == 0


def test_corpora_that_are_not_prepared_are_named(
    docker: RecordingDocker, checkout: pathlib.Path
) -> None:
    (checkout / "build/nltk_data/corpora.json").unlink()
    with pytest.raises(PipelineError, match="`make setup` prepares"):
        run(checkout, "editquality")


def test_the_command_prints_a_line_for_each_image_and_nothing_else(
    docker: RecordingDocker, checkout: pathlib.Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "run", "editquality"]) == 0
    shown = capfd.readouterr()
    assert shown.out == f"run-test\tsha256:{0:064x}\nproduction\tsha256:{2:064x}\n"
    assert "one\ntwo\nthree\n" in shown.err


def test_builds_alone_run_and_publish_nothing(
    docker: RecordingDocker, checkout: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liftwing_pipeline.cli.setup_values", lambda root: SETUP)
    for name in ("editquality", "topic-publish"):
        assert main(["--root", str(checkout), "run", name, "--only-build"]) == 0
    assert [call.words[0] for call in docker.calls()] == ["build"] * 3


def test_a_dry_run_prints_the_commands_and_runs_none(
    docker: RecordingDocker, checkout: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "run", "editquality", "--dry-run"]) == 0
    built, ran, last = capsys.readouterr().out.splitlines()
    assert built.startswith("blubber .pipeline/editquality/blubber.yaml test | DOCKER_BUILDKIT=1")
    assert ran.endswith("ID-of-test")
    assert last.startswith("blubber .pipeline/editquality/blubber.yaml production |")
    assert docker.calls() == []


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["run", "nothing"], "there is no pipeline 'nothing'; there are "),
        (["run", "editquality-publish"], "--registry HOST"),
    ],
)
def test_a_command_that_cannot_be_run_says_why_in_one_line(
    words: list[str], reason: str, checkout: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line


def test_pipelines_are_listed_with_what_they_do(
    checkout: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(checkout), "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "editquality\trun-test: build test, run; production: build production" in lines
    assert "editquality-publish\tpublish: build production, publish" in lines
