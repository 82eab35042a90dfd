"""What was asked of the wiki, for tests and demonstrations to look at."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from liftwing_demo.wiki.api.params import ApiError, Params

REMEMBERED = 1000
"""Calls whose revision ids are kept."""


@dataclass(slots=True)
class Calls:
    """Counts of the API calls since the last reset."""

    total: int = 0
    by_action: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)
    user_agents: Counter[str] = field(default_factory=Counter)
    revids: deque[list[int]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def record(self, values: Mapping[str, str], host: str, user_agent: str) -> None:
        """Count one call by what it asks and by who sent it."""
        self.total += 1
        self.by_action.update(_modules(values))
        self.hosts[host] += 1
        self.user_agents[user_agent] += 1
        if "revids" in values:
            self.revids.append(_revision_ids(values))

    def reset(self) -> None:
        """Forget everything."""
        self.total = 0
        for part in (self.by_action, self.hosts, self.user_agents, self.revids):
            part.clear()

    def document(self) -> dict[str, Any]:
        """The counts as a JSON document."""
        return {
            "total": self.total,
            "by_action": dict(self.by_action),
            "revids": list(self.revids),
            "hosts": dict(self.hosts),
            "user_agents": dict(self.user_agents),
        }


def _modules(values: Mapping[str, str]) -> list[str]:
    if values.get("action") != "query":
        return [values.get("action", "none")]
    asked = [values[name] for name in ("prop", "list", "meta", "generator") if values.get(name)]
    modules = [module for names in asked for module in names.split("|")]
    return modules or ["query"]


def _revision_ids(values: Mapping[str, str]) -> list[int]:
    try:
        return Params(values).integers("query", "revids") or []
    except ApiError:
        return []
