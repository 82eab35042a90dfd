"""Reading the parameters of a call the way MediaWiki 1.39 does, with its errors and warnings."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

MULTI_LIMIT = 50
"""Values a parameter may hold for callers without the right `apihighlimits`."""
_HIGH_LIMIT = 500
_SEPARATOR = "\x1f"
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST_INTEGER = 2**63 - 1


class ApiError(Exception):
    """What the API answers instead of a result.

    `extra` goes into the error document beside `code` and `info`.
    """

    def __init__(self, code: str, info: str, **extra: Any) -> None:
        super().__init__(info)
        self.code = code
        self.info = info
        self.extra = extra


class Params:
    """The parameters of one call; remembers which were read and what there is to warn about."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._read: set[str] = set()
        self.warnings: dict[str, list[str]] = {}

    def warn(self, module: str, text: str) -> None:
        """Add a warning of a module, once."""
        texts = self.warnings.setdefault(module, [])
        if text not in texts:
            texts.append(text)

    def text(self, name: str) -> str | None:
        """The value as it is, or None."""
        self._read.add(name)
        return self._values.get(name)

    def choice(self, name: str, allowed: Iterable[str], default: str) -> str:
        """A value out of a few.

        Raises:
            ApiError: badvalue, another value was given.
        """
        value = self.text(name)
        if value is None:
            return default
        if value not in allowed:
            raise ApiError("badvalue", f'Unrecognized value for parameter "{name}": {value}.')
        return value

    def many(self, name: str) -> list[str] | None:
        """The values of a list, without repetitions; None if the parameter is absent.

        Values are separated by `|`, or by U+001F if the whole begins with one.

        Raises:
            ApiError: toomanyvalues.
        """
        value = self.text(name)
        if value is None:
            return None
        if value.startswith(_SEPARATOR):
            values = value[1:].split(_SEPARATOR)
        else:
            values = value.split("|") if value else []
        if len(values) > MULTI_LIMIT:
            raise ApiError(
                "toomanyvalues",
                f'Too many values supplied for parameter "{name}". The limit is {MULTI_LIMIT}.',
                parameter=name,
                limit=MULTI_LIMIT,
                lowlimit=MULTI_LIMIT,
                highlimit=_HIGH_LIMIT,
            )
        return list(dict.fromkeys(values))

    def integers(self, name: str) -> list[int] | None:
        """The integers of a list; None if the parameter is absent.

        Raises:
            ApiError: badinteger or toomanyvalues.
        """
        values = self.many(name)
        return None if values is None else [_integer(name, value) for value in values]

    def options(
        self, module: str, name: str, allowed: Iterable[str], default: Iterable[str] = ()
    ) -> list[str]:
        """A list out of known values; others are only worth a warning of the module."""
        given = self.many(name)
        if given is None:
            return list(default)
        known = set(allowed)
        unknown = [value for value in given if value not in known]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            listed = ", ".join(unknown)
            self.warn(module, f'Unrecognized value{plural} for parameter "{name}": {listed}.')
        return [value for value in given if value in known]

    def warn_of_unread(self) -> None:
        """Warn of the parameters that nobody asked for."""
        unread = [name for name in self._values if name not in self._read]
        if unread:
            plural = "s" if len(unread) > 1 else ""
            self.warn("main", f"Unrecognized parameter{plural}: {', '.join(unread)}.")


def _integer(name: str, value: str) -> int:
    if _INTEGER.fullmatch(value) is None or abs(int(value)) > _LARGEST_INTEGER:
        raise ApiError("badinteger", f'Invalid value "{value}" for integer parameter "{name}".')
    return int(value)
