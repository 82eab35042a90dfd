"""What `publish` refuses before anything is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from liftwing_publish import cli
from support.recording_docker import SPEC, RecordingDocker

ROOT = Path(__file__).resolve().parents[3]
SETUP = {"project": "some-project", "timestamp": "2026-01-31-235959", "commit": "c0ffee"}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordingDocker:
    (tmp_path / "bin").mkdir()
    docker = RecordingDocker.put_into(tmp_path / "bin")
    monkeypatch.setenv("DOCKER", str(docker.command))
    monkeypatch.delenv("ALLOW_STAND_IN", raising=False)
    return docker


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with this one's pipelines, and a stand-in among its corpora."""
    monkeypatch.setattr(cli, "setup_values", lambda root: SETUP)
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / ".pipeline", root / ".pipeline")
    for spec in root.glob(".pipeline/*/*.yaml"):
        spec.write_text(SPEC)
    (root / "python").mkdir()
    shutil.copy(ROOT / "python/pyproject.toml", root / "python")
    (root / "build/nltk_data").mkdir(parents=True)
    marker = {"sentiwordnet": {"source": "stand-in", "images": ["draftquality"]}}
    (root / "build/nltk_data/corpora.json").write_text(json.dumps(marker))
    return root


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (("topic", "topics"), "no pipeline publishes 'topics'; there are articlequality, "),
        (("topic", "draftquality"), "draftquality would hold stand-ins for corpora"),
    ],
)
def test_nothing_is_built_if_one_of_the_images_cannot_be_published(
    images: tuple[str, ...],
    reason: str,
    docker: RecordingDocker,
    checkout: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--registry", "127.0.0.1:9", "--root", str(checkout), *images]) == 1
    assert reason in capsys.readouterr().err
    assert docker.calls() == []
