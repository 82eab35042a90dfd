"""Reading the parameters of a call the way MediaWiki 1.39 does, with its errors and warnings."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import normalize

MULTI_LIMIT = 50
"""Values a parameter may hold for callers without the right `apihighlimits`."""
_HIGH_LIMIT = 500
_SEPARATOR = "\x1f"
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST_INTEGER = 2**63 - 1
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_NOT_NORMAL = (
    'The value passed for "{}" contains invalid or non-normalized data. Textual data should be'
    " valid, NFC-normalized Unicode without C0 control characters other than HT (\\t), LF (\\n),"
    " and CR (\\r)."
)


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

    def many(self, module: str, name: str) -> list[str] | None:
        """The values of a list, without repetitions; None if the parameter is absent.

        Values are separated by `|`, or by U+001F if the whole begins with one.

        Raises:
            ApiError: toomanyvalues.
        """
        given = self.text(name)
        if given is None:
            return None
        separator = _SEPARATOR if given.startswith(_SEPARATOR) else "|"
        text = given.removeprefix(_SEPARATOR)
        values = [_normal(value) for value in text.split(separator)] if text else []
        if separator.join(values) != text:
            self.warn(module, _NOT_NORMAL.format(name))
        if len(values) > MULTI_LIMIT:
            raise ApiError(
                "toomanyvalues",
                f'Too many values supplied for parameter "{name}". The limit is {MULTI_LIMIT}.',
                limit=MULTI_LIMIT,
                lowlimit=MULTI_LIMIT,
                highlimit=_HIGH_LIMIT,
            )
        return list(dict.fromkeys(values))

    def integers(self, module: str, name: str) -> list[int] | None:
        """The integers of a list; None if the parameter is absent.

        Raises:
            ApiError: badinteger or toomanyvalues.
        """
        values = self.many(module, name)
        if values is None:
            return None
        return list(dict.fromkeys(_integer(name, value) for value in values))

    def integer(self, name: str) -> int | None:
        """A single integer, or None if the parameter is absent.

        Raises:
            ApiError: badinteger.
        """
        value = self.text(name)
        return None if value is None else _integer(name, value)

    def options(
        self, module: str, name: str, allowed: Iterable[str], default: Iterable[str] = ()
    ) -> list[str]:
        """A list out of known values; others are only worth a warning of the module."""
        given = self.many(module, name)
        if given is None:
            return list(default)
        known = set(allowed)
        unknown = [value for value in given if value not in known]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            # MediaWiki strips what looks like markup from its warnings.
            listed = _TAG.sub("", ", ".join(unknown)).strip()
            self.warn(module, f'Unrecognized value{plural} for parameter "{name}": {listed}')
        return [value for value in given if value in known]

    def warn_of_unread(self) -> None:
        """Warn of the parameters that nobody asked for."""
        unread = [name for name in self._values if name not in self._read]
        if unread:
            plural = "s" if len(unread) > 1 else ""
            self.warn("main", f"Unrecognized parameter{plural}: {', '.join(unread)}.")


def _normal(value: str) -> str:
    """A text as MediaWiki takes it: composed, and with a mark for what it does not accept."""
    return normalize("NFC", _FORBIDDEN.sub("\ufffd", value))


def _integer(name: str, value: str) -> int:
    if _INTEGER.fullmatch(value) is None or abs(int(value)) > _LARGEST_INTEGER:
        raise ApiError("badinteger", f'Invalid value "{value}" for integer parameter "{name}".')
    return int(value)
