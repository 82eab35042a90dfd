"""From .pipeline/config.yaml to its pipelines. What cannot be run here is refused by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError

from liftwing_blubber.tree import Field, parse
from liftwing_pipeline.errors import PipelineError
from liftwing_pipeline.graph import Graph
from liftwing_pipeline.spec import Build, Pipeline, Publish, Run, Stage
from liftwing_pipeline.variables import SETUP

RESERVED = (SETUP, "teardown")
NAME = re.compile(r"[A-Za-z0-9][\w-]*")
OWN_IMAGE = "${.imageID}"

PIPELINE_KEYS = ("blubberfile", "directory", "execution", "stages")
STAGE_KEYS = ("name", "blubberfile", "build", "run", "publish", "exports")
# Keys that PipelineLib knows, and why they are not run here.
NOT_HERE = {
    "fetch": "this machine's checkout is used as it is",
    "copy": "no files are copied out of containers here",
    "deploy": "there is no cluster to deploy to",
    "promote": "there are no charts to change",
    "trigger": "there are no other jobs to start",
    "notify": "whoever runs a pipeline here sees its end",
    "excludes": "write them into .dockerignore",
    "credentials": "there is no store of credentials; use env",
    "files": "only images are published",
}


def read(text: str, file: str) -> dict[str, Pipeline]:
    """Return the pipelines that the text of a file states, by name."""
    top = _keys(parse(text, file), "pipelines")
    if "pipelines" not in top:
        raise PipelineError(f"{file}: the key pipelines is missing")
    return {name: _pipeline(name, field) for name, field in top["pipelines"].named().items()}


def _keys(field: Field, *known: str) -> dict[str, Field]:
    """Return a mapping's values by key. PipelineLib, unlike Blubber, tells cases apart."""
    found = field.named()
    for key, value in found.items():
        if key in NOT_HERE:
            value.fail(f"not supported: {NOT_HERE[key]}")
        if key not in known:
            value.fail(f"unknown key; known are {', '.join(sorted(known))}")
    return found


def _text(keys: Mapping[str, Field], key: str, default: str) -> str:
    return keys[key].text() or default if key in keys else default


def _texts(keys: Mapping[str, Field], key: str) -> tuple[str, ...]:
    return tuple(item.text() for item in keys[key].items()) if key in keys else ()


def _named_texts(keys: Mapping[str, Field], key: str) -> dict[str, str]:
    named = keys[key].named() if key in keys else {}
    return {name: value.text() for name, value in named.items()}


def _pipeline(name: str, field: Field) -> Pipeline:
    keys = _keys(field, *PIPELINE_KEYS)
    if "stages" not in keys:
        field.fail("has no stages")
    stages = _stage_fields(keys["stages"])
    arcs = [tuple(stages)]
    if "execution" in keys:
        arcs = [tuple(item.text() for item in arc.items()) for arc in keys["execution"].items()]
        _check_arcs(keys["execution"], set(stages), {stage for arc in arcs for stage in arc})
    graph = Graph(arcs)
    blubberfile = _text(keys, "blubberfile", f"{name}/blubber.yaml")
    try:
        order = graph.order
    except CycleError as error:
        keys["execution"].fail(f"a cycle of stages: {' -> '.join(error.args[1])}")
    read_stages = (
        _stage(stages[stage], stage, blubberfile, graph.ancestors(stage)) for stage in order
    )
    return Pipeline(name, _text(keys, "directory", "."), tuple(read_stages))


def _stage_fields(field: Field) -> dict[str, Field]:
    """Return the stages by name."""
    found: dict[str, Field] = {}
    for item in field.items():
        named = item.named()
        if "name" not in named:
            item.fail("has no name")
        name = named["name"].text()
        if name in RESERVED:
            named["name"].fail(f"PipelineLib reserves the name {name}")
        if not NAME.fullmatch(name):
            named["name"].fail(f"{name!r} is not a name of letters, digits, '_' and '-'")
        if name in found:
            named["name"].fail(f"there are two stages {name}")
        found[name] = item
    if not found:
        field.fail("has no stages")
    return found


def _check_arcs(field: Field, stages: set[str], named: set[str]) -> None:
    if named - stages:
        field.fail(f"there is no stage {min(named - stages)!r}")
    if stages - named:
        field.fail(f"the stage {min(stages - named)!r} is in no arc and would never run")


def _stage(field: Field, name: str, blubberfile: str, after: frozenset[str]) -> Stage:
    keys = _keys(field, *STAGE_KEYS)
    # A stage of nothing but a name builds and runs the variant of that name.
    if set(keys) == {"name"}:
        build, run = Build(name, ".", False), Run(OWN_IMAGE, (), {}, 0)
        return Stage(name, blubberfile, after, build, run, publish=None, exports={})
    return Stage(
        name,
        _text(keys, "blubberfile", blubberfile),
        after,
        build=_build(keys["build"]) if "build" in keys else None,
        run=_run(keys["run"]) if "run" in keys else None,
        publish=_publish(keys["publish"]) if "publish" in keys else None,
        exports=_named_texts(keys, "exports"),
    )


def _build(field: Field) -> Build:
    if not field.is_mapping:
        return Build(field.text(), ".", False)
    keys = _keys(field, "variant", "context", "excludes", "imagePullPolicy")
    context = _text(keys, "context", ".")
    if "://" in context:
        keys["context"].fail("only a folder of the checkout can be a context")
    policy = _text(keys, "imagePullPolicy", "")
    if policy not in ("", "always"):
        keys["imagePullPolicy"].fail(f"must be always or empty, not {policy!r}")
    return Build(_text(keys, "variant", "${.stage}"), context, policy == "always")


def _run(field: Field) -> Run | None:
    if not field.is_mapping:
        return Run(OWN_IMAGE, (), {}, 0) if field.flag() else None
    keys = _keys(field, "image", "arguments", "env", "credentials", "tail")
    return Run(
        _text(keys, "image", OWN_IMAGE),
        _texts(keys, "arguments"),
        _named_texts(keys, "env"),
        keys["tail"].number() if "tail" in keys else 0,
    )


def _publish(field: Field) -> Publish | None:
    keys = _keys(field, "image", "files")
    if "image" not in keys:
        field.fail("has no image")
    image: dict[str, Field] = {}
    if keys["image"].is_mapping:
        image = _keys(keys["image"], "id", "name", "tag", "tags")
    elif not keys["image"].flag():
        return None
    return Publish(
        _text(image, "id", OWN_IMAGE),
        _text(image, "name", "${setup.project}"),
        _text(image, "tag", "${setup.timestamp}-${.stage}"),
        _texts(image, "tags"),
    )
