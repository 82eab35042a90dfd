"""Whether an event is valid: what EventGate asks of every event, and what the event's schema asks.

The schemas are YAML files of a folder, found by the title and version in their `$id`. Where the
very version is not there the newest of the same major version is taken, without its refusal of
unknown fields: a minor version only ever adds some.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

Check = Callable[[Any], list[str]]
"""What is wrong with an event, a line each; an empty list if nothing is."""

_SCHEMA_URI = re.compile(r"(/[A-Za-z0-9_/-]+)/([0-9]+)\.([0-9]+)\.([0-9]+)")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", re.IGNORECASE
)

Version = tuple[int, int, int]


def basic_problems(event: Any) -> list[str]:
    """What is wrong with an event of whatever schema."""
    if not isinstance(event, dict):
        return ["the event is not an object"]
    meta = event.get("meta")
    stream = meta.get("stream") if isinstance(meta, dict) else None
    problems = []
    if not isinstance(event.get("$schema"), str):
        problems.append("'.$schema' is not a string")
    if not isinstance(stream, str) or not stream:
        problems.append("'.meta.stream' is not a string with something in it")
    if not is_moment(event.get("dt")):
        problems.append("'.dt' is not a date and time")
    return problems


def is_moment(value: Any) -> bool:
    """Whether a value is a date and time of ISO 8601 with its time zone."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def schema_check(folder: Path) -> Check:
    """A check against the schemas of a folder, beyond the basic one.

    Needs jsonschema and PyYAML, which are there for development only.

    Raises:
        OSError: a file cannot be read.
        ValueError: there is no schema in the folder, or a file there is no schema.
    """
    import jsonschema
    import yaml

    formats = jsonschema.FormatChecker(formats=[])
    formats.checks("date-time")(lambda value: not isinstance(value, str) or is_moment(value))
    validators: dict[str, dict[Version, Any]] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            schema = yaml.safe_load(path.read_text(encoding="utf-8"))
            title, version = _title_and_version(schema["$id"])
        except (yaml.YAMLError, TypeError, KeyError, ValueError):
            raise ValueError(f"{path} is no schema of events") from None
        validator = jsonschema.Draft7Validator(schema, format_checker=formats)
        validators.setdefault(title, {})[version] = validator
    if not validators:
        raise ValueError(f"there are no schemas in {folder}")
    return partial(_problems, validators)


def _problems(validators: dict[str, dict[Version, Any]], event: Any) -> list[str]:
    problems = basic_problems(event)
    if problems:
        return problems
    try:
        title, version = _title_and_version(event["$schema"])
    except ValueError:
        return [f"'.$schema' is not of the form /title/1.0.0: {event['$schema']}"]
    known = validators.get(title, {})
    similar = [other for other in known if other[0] == version[0]]
    if not similar:
        return [f"there is no schema {event['$schema']}"]
    found = version if version in known else max(similar)
    return [
        f"'{error.json_path.removeprefix('$') or '.'}' {error.message}"
        for error in known[found].iter_errors(event)
        if found == version or error.validator != "additionalProperties"
    ]


def _title_and_version(uri: str) -> tuple[str, Version]:
    match = _SCHEMA_URI.fullmatch(uri)
    if match is None:
        raise ValueError(uri)
    return match[1], (int(match[2]), int(match[3]), int(match[4]))
