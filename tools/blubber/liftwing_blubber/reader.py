"""From the tree of a file to its spec: keys, types and values of the root and each variant."""

from __future__ import annotations

from typing import Dict, Mapping, Pattern, Tuple

from liftwing_blubber import values
from liftwing_blubber.reader_builders import (
    absolute_path,
    read_artifact,
    read_artifacts,
    read_builders,
    read_custom,
    read_python,
)
from liftwing_blubber.spec import (
    LOCAL,
    Artifact,
    File,
    Include,
    Lives,
    Runs,
    Section,
    Variant,
)
from liftwing_blubber.tree import Field, parse, refuse

SHARED_KEYS = (
    "base",
    "arguments",
    "apt",
    "builders",
    "builder",
    "python",
    "node",
    "php",
    "lives",
    "runs",
    "entrypoint",
)
VARIANT_KEYS = (*SHARED_KEYS, "includes", "copies")
ROOT_KEYS = (*SHARED_KEYS, "version", "variants")


def read(text: str, file: str) -> File:
    """Read the text of a file; every variant is checked, not only the one to build."""
    top = parse(text, file)
    keys = top.keys(*ROOT_KEYS)
    for required in ("version", "variants"):
        if required not in keys:
            top.fail(f"the key {required} is missing")
    if "version" not in top.named():
        keys["version"].fail("Blubber knows this one key in lower case only")
    if keys["version"].text() != "v4":
        keys["version"].fail("only the version v4 is supported")
    variants = {}
    for name, field in keys["variants"].named().items():
        variants[name] = _read_variant(name, field)
    for variant in variants.values():
        for include in variant.includes:
            if include.name not in variants:
                refuse(include.place, f"there is no variant {include.name!r}")
    _refuse_root_ids(keys)
    return File(_read_section(keys), variants, keys["variants"].place)


def _refuse_root_ids(keys: Mapping[str, Field]) -> None:
    """Refuse an id of 0 at the root of the file, which means root there and nothing elsewhere."""
    for account in ("lives", "runs"):
        if account in keys:
            for key, field in keys[account].named().items():
                if key.lower() in ("uid", "gid") and field.number() == 0:
                    field.fail("0 at the root of the file would mean the account root")


def _read_variant(name: str, field: Field) -> Variant:
    _check(field, name, values.VARIANT, "a name of letters, digits, '.' and '-'")
    keys = field.keys(*VARIANT_KEYS)
    includes = keys["includes"].items() if "includes" in keys else []
    return Variant(
        name, _read_section(keys), tuple(Include(i.text(), i.place) for i in includes), field.place
    )


def _read_section(keys: Mapping[str, Field]) -> Section:
    for unsupported in ("node", "php"):
        if unsupported in keys:
            keys[unsupported].fail("this compiler does not support it")
    return Section(
        base=_read_image(keys["base"]) if "base" in keys else "",
        arguments=_read_variables(keys["arguments"]) if "arguments" in keys else {},
        packages=_read_apt(keys["apt"]) if "apt" in keys else None,
        builders=read_builders(keys["builders"]) if "builders" in keys else None,
        python=read_python(keys["python"]) if "python" in keys else None,
        builder=read_custom(keys["builder"]) if "builder" in keys else None,
        lives=_read_lives(keys["lives"]) if "lives" in keys else Lives(),
        runs=_read_runs(keys["runs"]) if "runs" in keys else Runs(),
        entrypoint=_read_words(keys["entrypoint"]) if "entrypoint" in keys else None,
        copies=_read_copies(keys["copies"]) if "copies" in keys else (),
    )


def _check(field: Field, text: str, pattern: Pattern[str], what: str) -> str:
    if not values.is_valid(pattern, text):
        field.fail(f"{text!r} is not {what}")
    return text


def _read_image(field: Field) -> str:
    text = field.text()
    return _check(field, text, values.IMAGE, "the name of an image") if text else ""


def _read_variables(field: Field) -> Dict[str, str]:
    found = {}
    for name, value in field.named().items():
        _check(value, name, values.VARIABLE, "the name of a variable")
        found[name] = value.text()
        if "\n" in found[name]:
            value.fail("a Dockerfile cannot hold a value of several lines")
    return found


def _read_apt(field: Field) -> Dict[str, Tuple[str, ...]]:
    keys = field.keys("packages", "sources", "proxies")
    for unsupported in ("sources", "proxies"):
        if unsupported in keys:
            keys[unsupported].fail("this compiler does not support it")
    if "packages" not in keys:
        return {}
    packages = keys["packages"]
    if packages.is_list:
        return {"default": _read_packages(packages)}
    releases = {}
    for release, names in packages.named().items():
        _check(names, release, values.RELEASE, "the name of a release")
        releases[release] = _read_packages(names)
    return releases


def _read_packages(field: Field) -> Tuple[str, ...]:
    return tuple(
        _check(item, item.text(), values.PACKAGE, "the name of a package") for item in field.items()
    )


def _read_account(keys: Mapping[str, Field]) -> Tuple[str, int, int]:
    name = keys["as"].text() if "as" in keys else ""
    if name:
        _check(keys["as"], name, values.ACCOUNT, "a name of letters, digits, '.' and '-'")
    if name == "root":
        keys["as"].fail("must not be root")
    ids = {"uid": 0, "gid": 0}
    for key in ids:
        if key in keys:
            ids[key] = keys[key].number()
            if ids[key] < 0:
                keys[key].fail("must not be negative")
    return name, ids["uid"], ids["gid"]


def _read_lives(field: Field) -> Lives:
    keys = field.keys("in", "as", "uid", "gid")
    name, uid, gid = _read_account(keys)
    return Lives(absolute_path(keys["in"]) if "in" in keys else "", name, uid, gid)


def _read_runs(field: Field) -> Runs:
    keys = field.keys("in", "as", "uid", "gid", "environment", "insecurely")
    name, uid, gid = _read_account(keys)
    return Runs(
        name,
        uid,
        gid,
        directory=absolute_path(keys["in"]) if "in" in keys else "",
        environment=_read_variables(keys["environment"]) if "environment" in keys else {},
        insecurely=keys["insecurely"].flag() if "insecurely" in keys else None,
    )


def _read_words(field: Field) -> Tuple[str, ...]:
    return tuple(item.text() for item in field.items())


def _read_copies(field: Field) -> Tuple[Artifact, ...]:
    items = field.items()
    if len({item.is_mapping for item in items}) > 1:
        field.fail("must hold only names or only mappings, not both")

    return read_artifacts(items, _read_copy)


def _read_copy(field: Field) -> Artifact:
    if field.is_mapping:
        artifact = read_artifact(field)
        if not artifact.destination and values.WILDCARD.search(artifact.source):
            field.fail("a source with a wildcard needs a destination")
        return artifact
    origin = field.text()
    if origin != LOCAL:
        _check(field, origin, values.IMAGE_OR_VARIANT, "the name of a variant or image")
    return Artifact(origin, place=field.place)
