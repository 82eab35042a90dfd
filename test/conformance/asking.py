"""Asks the server under test over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

# More than any request may take by default, which is 30 seconds.
SECONDS = 60.0

Answer = httpx.Response


class Server:
    """The server at a URL, or behind it under the name of a `host`.

    An error status is an answer like any other.
    """

    def __init__(self, url: str, host: str | None = None) -> None:
        self.url = httpx.URL(url)
        self.host = host or self.url.netloc.decode()
        # None of the machine's proxies: what is between would be tested too.
        self._client = httpx.Client(base_url=url, timeout=SECONDS, trust_env=False)
        # What httpx would add to each request.
        del self._client.headers["User-Agent"]
        self._client.headers["Host"] = self.host

    def get(self, path: str, **options: Any) -> Answer:
        """The answer to GET."""
        return self._client.get(path, **options)

    def post(
        self,
        path: str,
        body: object,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a body: of bytes or pieces of them as they are, of anything else as JSON.

        No content type is named, as none has to be.
        """
        content = body if _is_content(body) else json.dumps(body).encode()
        return self._client.post(path, content=content, headers=headers)  # type: ignore[arg-type]

    def call(self, method: str, path: str, **options: Any) -> Answer:
        """The answer to any method."""
        return self._client.request(method, path, **options)

    def predict(self, model: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a V1 request."""
        return self.post(f"/v1/models/{model}:predict", body, headers)

    def infer(self, model: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a V2 request."""
        return self.post(f"/v2/models/{model}/infer", body, headers)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


def _is_content(body: object) -> bool:
    return isinstance(body, bytes) or (
        isinstance(body, Iterable) and not isinstance(body, (dict, list, str))
    )


def json_of(answer: Answer) -> Any:
    """The JSON document that an answer holds and says that it holds."""
    kind = answer.headers.get("content-type", "")
    assert kind.partition(";")[0] == "application/json", f"the content type is {kind!r}"
    return answer.json()


def error_of(answer: Answer, status: int) -> str:
    """The text of an error of that status."""
    assert answer.status_code == status, told(answer)
    document = json_of(answer)
    assert isinstance(document, dict) and isinstance(document.get("error"), str), told(answer)
    text: str = document["error"]
    return text


def told(answer: Answer) -> str:
    """An answer as a failed check shows it."""
    return f"{answer.status_code}: {answer.text[:500]}"
