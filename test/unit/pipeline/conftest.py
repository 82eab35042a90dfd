"""The runner, importable, with a docker that records and a checkout to run it in."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from support.recording_docker import SPEC, RecordingDocker

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tools" / name) for name in ("images", "blubber", "pipeline")]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordingDocker:
    (tmp_path / "bin").mkdir()
    docker = RecordingDocker.put_into(tmp_path / "bin")
    monkeypatch.setenv("DOCKER", str(docker.command))
    monkeypatch.delenv("DOCKER_BUILD_NETWORK", raising=False)
    return docker


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with this one's pipeline file, a spec for each of its images, and no git."""
    root = tmp_path / "checkout"
    shutil.copytree(ROOT / ".pipeline", root / ".pipeline")
    for image in ("editquality", "topic"):
        spec = root / ".pipeline" / image / "blubber.yaml"
        spec.parent.mkdir(exist_ok=True)
        spec.write_text(SPEC)
    (root / "build/nltk_data").mkdir(parents=True)
    marker = {"stopwords": {"source": "downloaded", "images": ["editquality"]}}
    (root / "build/nltk_data/corpora.json").write_text(json.dumps(marker))
    return root
