"""The services that operators run: `services.tsv`, a line for each wiki and model."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Service:
    """One service, as operators set it up; docs/services.md explains its fields.

    `name` is its InferenceService, and that of the model in URLs. `wiki` is a database name and
    `host` the host of that wiki; both are empty where one model serves all wikis. `kind` is the
    model that ORES' answers name. `workers` is None where there is one for each core. `cpu` and
    `cpu_limit` are in cores, `memory` is a quantity of Kubernetes, `target_rps` is in requests a
    second and replica.
    """

    name: str
    wiki: str
    kind: str
    namespace: str
    image: str
    host: str
    stream: str
    workers: int | None
    cpu: int
    cpu_limit: int
    memory: str
    target_rps: int
    min_replicas: int
    max_replicas: int

    @property
    def storage_path(self) -> str:
        """Where in the bucket of models its versions lie, one folder each."""
        return f"{self.kind}/{self.wiki}" if self.wiki else self.name


@cache
def services() -> tuple[Service, ...]:
    """All services in the order of the table. Raises ValueError if the table cannot be read."""
    table = files(__package__).joinpath("services.tsv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(_service(row) for row in rows)


_NUMBERS = ("cpu", "cpu_limit", "target_rps", "min_replicas", "max_replicas")


def _service(row: Mapping[Any, Any]) -> Service:
    columns = [field.name for field in fields(Service)]
    if list(row) != columns or None in row.values():
        raise ValueError(f"services.tsv: {row} does not have the columns {columns}")
    numbers = {name: int(row[name]) for name in _NUMBERS}
    workers = int(row["workers"]) if row["workers"] else None
    return Service(**{**row, **numbers, "workers": workers})
