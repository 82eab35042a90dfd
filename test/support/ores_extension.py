"""What MediaWiki's ORES extension sends and needs, in both of its modes, byte for byte.

Written after requests of the extension of 2022, 2023 and MediaWiki 1.43 as they were on the wire.
Whatever the extension cannot use is raised here as it is there: its job fails.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

MEDIAWIKI = "MediaWiki/1.43.9"
SECONDS = 25.0
REQUEST_ID = "7b8e1c3c9c6f0b7d5a1e2f34"
NO_REVISION = "The MW API does not have any info related to the rev-id"


class JobFailed(Exception):
    """No score of the job is stored."""


def send(base: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
    """Status and body of an answer to a request of exactly these headers, and Host."""
    address = urlsplit(base).netloc
    connection = http.client.HTTPConnection(address, timeout=SECONDS)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": address, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except json.JSONDecodeError:
        raise JobFailed(f"no JSON: {body[:80]!r}") from None
    if not isinstance(document, dict):
        raise JobFailed(f"no object: {body[:80]!r}")
    return document


class LiftWingMode:
    """$wgOresUseLiftwing = true: a request for each revision and model, one after another.

    `with_host` is $wgOresLiftWingAddHostHeader, and what the extension of 2023 always did.
    """

    def __init__(self, base: str, wiki: str = "enwiki", with_host: bool = False) -> None:
        assert base.endswith("/")
        self.base = base
        self.wiki = wiki
        self.with_host = with_host

    def job(
        self, models: Sequence[str], revisions: Sequence[int]
    ) -> dict[int, dict[str, dict[str, Any]]]:
        """The rows that a job stores: by revision and model `version`, `prediction` and
        `probability`. Raises JobFailed for an answer that the extension does not know."""
        rows: dict[int, dict[str, dict[str, Any]]] = {}
        for rev_id in revisions:
            for model in models:
                row = self._row(model, rev_id)
                if row is not None:
                    rows.setdefault(rev_id, {})[model] = row
        return rows

    def _row(self, model: str, rev_id: int) -> dict[str, Any] | None:
        status, body = self._ask(model, rev_id)
        if status == 504:
            status, body = self._ask(model, rev_id)
        document = _parsed(body)
        if status == 400 and str(document["error"]).startswith(NO_REVISION):
            assert isinstance(document["error"], str)
            return None
        if status != 200 or document.get("error"):
            raise JobFailed(f"{status}: {document}")
        told = document[self.wiki]
        version = told["models"][model]["version"]
        score = told["scores"][str(rev_id)][model]["score"]
        assert isinstance(version, str)
        assert all(isinstance(number, float) for number in score["probability"].values())
        return {"version": version, **score}

    def _ask(self, model: str, rev_id: int) -> Any:
        body = b'{"rev_id":%d}' % rev_id
        headers = {
            "User-Agent": MEDIAWIKI,
            "X-Request-Id": REQUEST_ID,
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        if self.with_host:
            headers["Content-Type"] = "application/json"
            host = f"{self.wiki}-{model}.revscoring-editquality-{model}.wikimedia.org"
            headers["Host"] = host
        path = f"{urlsplit(self.base).path}v1/models/{self.wiki}-{model}:predict"
        return send(self.base, "POST", path, headers, body)


class OresMode:
    """$wgOresUseLiftwing = false: GET requests of ORES' version 3."""

    def __init__(self, base: str, wiki: str = "enwiki") -> None:
        assert base.endswith("/")
        self.base = base
        self.wiki = wiki

    def models(self) -> dict[str, str]:
        """Versions of all models, which are asked for when the table of models is empty."""
        told = self._get("?format=json")[self.wiki]["models"]
        versions = {name: model["version"] for name, model in told.items()}
        assert all(isinstance(version, str) for version in versions.values())
        return versions

    def job(
        self, models: Sequence[str], revisions: Sequence[int]
    ) -> dict[int, dict[str, dict[str, Any]]]:
        """The rows that a job stores. Raises JobFailed once the others are stored."""
        asked = f"models={quote('|'.join(models), safe='')}"
        asked += f"&revids={quote('|'.join(map(str, revisions)), safe='')}"
        scores = self._get(f"?{asked}&precache=1&format=json")[self.wiki]["scores"]
        rows: dict[int, dict[str, dict[str, Any]]] = {}
        for rev_id, by_model in scores.items():
            for model, told in by_model.items():
                if "error" not in told:
                    rows.setdefault(int(rev_id), {})[model] = told["score"]
                elif told["error"]["type"] != "RevisionNotFound":
                    raise JobFailed(told["error"]["message"])
        return rows

    def thresholds(
        self, model: str, formulas: Mapping[str, Sequence[str]]
    ) -> dict[str, list[float | None]]:
        """For each outcome the thresholds of its formulas, in their order; None if unattainable."""
        paths = [
            f'statistics.thresholds.{outcome}."{formula}"'
            for outcome, some in formulas.items()
            for formula in some
        ]
        asked = f"models={model}&model_info={quote_plus('|'.join(paths))}&format=json"
        told = self._get(f"?{asked}")[self.wiki]["models"][model]["statistics"]["thresholds"]
        found: dict[str, list[float | None]] = {}
        for outcome, some in formulas.items():
            elements = told[outcome]
            assert len(elements) == len(some)
            found[outcome] = [element and element["threshold"] for element in elements]
        return found

    def _get(self, query: str) -> dict[str, Any]:
        path = f"{urlsplit(self.base).path}v3/scores/{self.wiki}/{query}"
        headers = {
            "User-Agent": MEDIAWIKI,
            "X-Request-Id": REQUEST_ID,
            "X-Forwarded-For": "203.0.113.7",
            "X-Original-User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)",
        }
        status, body = send(self.base, "GET", path, headers)
        if status == 504:
            status, body = send(self.base, "GET", path, headers)
        document = _parsed(body)
        if not 200 <= status < 300 or document.get("error"):
            raise JobFailed(f"{status}: {document}")
        return document
