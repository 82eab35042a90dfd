"""COPY instructions for the files that `copies` and requirements bring."""

from __future__ import annotations

import json
import posixpath
from typing import Dict, List, Mapping, Sequence

from liftwing_blubber.spec import LOCAL, Artifact, Stage
from liftwing_blubber.values import full_image

LIBRARIES = "/opt/lib"


def copy_artifacts(
    artifacts: Sequence[Artifact], stage: Stage, all_: Mapping[str, Stage]
) -> List[str]:
    """Return the instructions for `copies`, in their order."""
    lines = []
    for artifact in artifacts:
        prefix = _prefix(artifact.origin, stage, all_)
        if artifact.source:
            source = _source(artifact, all_)
            lines.append(_copy(prefix, [source], _inside(stage, _destination(artifact))))
        elif artifact.origin == LOCAL:
            lines.append(_copy(prefix, ["."], _inside(stage, "./")))
        else:
            for directory in (stage.section.lives.directory, LIBRARIES):
                lines.append(_copy(prefix, [directory], directory))
    return lines


def copy_requirements(
    artifacts: Sequence[Artifact], stage: Stage, all_: Mapping[str, Stage]
) -> List[str]:
    """Return the instructions for a builder's requirements, one for each origin and destination."""
    groups: Dict[str, Dict[str, List[str]]] = {}
    for artifact in artifacts:
        target = artifact.destination or f"{posixpath.dirname(artifact.source) or '.'}/"
        targets = groups.setdefault(artifact.origin, {})
        targets.setdefault(target, []).append(_source(artifact, all_))
    lines = []
    for origin, targets in groups.items():
        prefix = _prefix(origin, stage, all_)
        for target, sources in targets.items():
            destination = _inside(stage, target)
            # Docker takes several sources only for what is visibly a directory.
            together = [sources] if destination.endswith("/") else [[s] for s in sources]
            lines += [_copy(prefix, each, destination) for each in together]
    return lines


def requirement_path(artifact: Artifact) -> str:
    """Return where a required file lies after it is copied, seen from the working directory."""
    if artifact.destination.endswith("/"):
        return artifact.destination + posixpath.basename(artifact.source)
    return artifact.destination or artifact.source


def _prefix(origin: str, stage: Stage, all_: Mapping[str, Stage]) -> str:
    words = ["COPY"]
    if origin in all_:
        words.append(f"--from={origin.lower()}")
    elif origin != LOCAL:
        words.append(f"--from={full_image(origin)}")
    # A scratch image knows no accounts: there files keep the owner they had.
    if stage.section.base:
        words.append("--chown=${LIVES_UID}:${LIVES_GID}")
    return " ".join(words)


def _copy(prefix: str, sources: Sequence[str], destination: str) -> str:
    words = [*sources, destination]
    if any(" " in word for word in words):
        return f"{prefix} {json.dumps(words, ensure_ascii=False)}"
    return f"{prefix} {' '.join(words)}"


def _source(artifact: Artifact, all_: Mapping[str, Stage]) -> str:
    if artifact.origin == LOCAL:
        return artifact.source
    start = all_[artifact.origin].working_directory if artifact.origin in all_ else "/"
    return _joined(start, artifact.source)


def _destination(artifact: Artifact) -> str:
    return artifact.destination or artifact.source


def _inside(stage: Stage, path: str) -> str:
    return _joined(stage.section.lives.directory if stage.section.base else "/", path)


def _joined(start: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(start, path))
    is_directory = path.endswith("/") or posixpath.basename(path) == "."
    return f"{joined}/" if is_directory and joined != "/" else joined
