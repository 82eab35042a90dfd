"""From merged variants to the text of a Dockerfile that Docker 20.10 understands."""

from __future__ import annotations

import json
from typing import Dict, Iterable, List, Mapping, Sequence

from liftwing_blubber.builders import run_builder, venv_of
from liftwing_blubber.expand import dockerfile_literal, dockerfile_word, references
from liftwing_blubber.shell import accounts_script, apt_script, unmake_directory_script
from liftwing_blubber.spec import Python, Stage
from liftwing_blubber.transfers import copy_artifacts
from liftwing_blubber.values import full_image

FORMAT_VERSION = "1.8.0+liftwing-blubber"
PLATFORM = tuple(
    side + part for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)


def render(stages: Sequence[Stage]) -> str:
    """Return the Dockerfile of the stages; the last of them is the target."""
    all_ = {stage.name: stage for stage in stages}
    parts = [_stage(stage, all_) for stage in stages]
    parts[-1] += _labels(stages[-1])
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _stage(stage: Stage, all_: Mapping[str, Stage]) -> List[str]:
    if not stage.section.base:
        return _scratch(stage, all_)
    lines = [
        *_privileged(stage),
        *_dropped(stage),
        *(line for b in stage.builders for line in run_builder(b, stage, all_)),
        *copy_artifacts(stage.section.copies, stage, all_),
        *_restored_environment(stage),
        *_runtime(stage),
    ]
    first = f"FROM {full_image(stage.section.base)} AS "
    if stage.section.runs.directory in ("", stage.section.lives.directory):
        lines = [first + stage.name.lower(), *lines]
    else:
        lines = [first + _files_stage(stage), *lines, "", *_moved(stage)]
    return lines + _entrypoint(stage)


def _scratch(stage: Stage, all_: Mapping[str, Stage]) -> List[str]:
    return [
        f"FROM scratch AS {stage.name.lower()}",
        "WORKDIR /",
        *copy_artifacts(stage.section.copies, stage, all_),
        *_entrypoint(stage),
    ]


def _privileged(stage: Stage) -> List[str]:
    section = stage.section
    lines = ["USER 0", 'ENV HOME="/root"', *_arguments(section.arguments)]
    lines += [*_arguments(_account_variables(stage)), *(f"ARG {name}" for name in PLATFORM)]
    if section.packages:
        lines.append('ENV DEBIAN_FRONTEND="noninteractive"')
        lines.append(f"RUN {apt_script(section.packages)}")
    lines.append(f"RUN {accounts_script(section.lives.directory)}")
    return lines


def _dropped(stage: Stage) -> List[str]:
    section = stage.section
    lines = [
        "USER ${LIVES_UID}",
        f'ENV HOME="/home/{section.lives.name}"',
        f"WORKDIR {section.lives.directory}",
    ]
    environment = section.runs.environment
    # In the image values of one block do not see each other, in build steps they do. An ARG keeps
    # what the image shall have from before the first ENV, and never reaches the image itself.
    lines += [
        f"ARG {_kept(name)}={dockerfile_word(environment[name])}"
        for name in _entangled(environment)
    ]
    lines += [f"ENV {name}={dockerfile_word(environment[name])}" for name in sorted(environment)]
    return lines


def _restored_environment(stage: Stage) -> List[str]:
    names = _entangled(stage.section.runs.environment)
    return [f'ENV {name}="${{{_kept(name)}}}"' for name in names]


def _entangled(environment: Mapping[str, str]) -> List[str]:
    """Return the variables that refer to one that stands before them in the same block."""
    return [
        name
        for name in sorted(environment)
        if any(other < name and other in environment for other in references(environment[name]))
    ]


def _kept(name: str) -> str:
    return f"BLUBBER_IMAGE_{name}"


def _runtime(stage: Stage) -> List[str]:
    section = stage.section
    lines = []
    if not section.runs.insecurely:
        lines += ["USER ${RUNS_UID}", f'ENV HOME="/home/{section.runs.name}"']
    for builder in stage.builders:
        if isinstance(builder, Python) and venv_of(builder) and builder.no_deps:
            lines.append(f"RUN {builder.version} -m pip check")
    return lines


def _moved(stage: Stage) -> List[str]:
    """Return a stage that only moves the process to runs.in.

    WORKDIR makes the directory, which Blubber does not, so what was not there is removed again.
    """
    account = "LIVES_UID" if stage.section.runs.insecurely else "RUNS_UID"
    files = _files_stage(stage)
    script = unmake_directory_script(stage.section.runs.directory)
    return [
        f"FROM {files} AS {stage.name.lower()}",
        *_arguments({account: _account_variables(stage)[account]}),
        "USER 0",
        f"WORKDIR {stage.section.runs.directory}",
        f"RUN --mount=type=bind,from={files},target=/mnt {script}",
        f"USER ${{{account}}}",
    ]


def _files_stage(stage: Stage) -> str:
    # No variant has an underscore in its name.
    return f"{stage.name.lower()}_files"


def _entrypoint(stage: Stage) -> List[str]:
    words = stage.section.entrypoint
    return [f"ENTRYPOINT {json.dumps(words, ensure_ascii=False)}"] if words else []


def _labels(stage: Stage) -> List[str]:
    return [f'LABEL blubber.variant="{stage.name}" blubber.version="{FORMAT_VERSION}"']


def _arguments(values: Mapping[str, str]) -> Iterable[str]:
    return [f"ARG {name}={dockerfile_literal(values[name])}" for name in sorted(values)]


def _account_variables(stage: Stage) -> Dict[str, str]:
    found = {}
    for prefix, account in (("LIVES", stage.section.lives), ("RUNS", stage.section.runs)):
        found[f"{prefix}_AS"] = account.name
        found[f"{prefix}_UID"] = str(account.uid)
        found[f"{prefix}_GID"] = str(account.gid)
    return found
