"""What a repository of a registry is asked, by the OCI distribution protocol."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import pathlib
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

from liftwing_pipeline.errors import PipelineError

SECONDS = 60
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|\[::1\])(:\d+)?")


@dataclass(frozen=True)
class Answer:
    """What a registry has answered."""

    status: int
    headers: Message
    body: bytes


class Repository:
    """HOST/NAME: blobs, which are named by their digests, and manifests, which tags name, too.

    Like docker, it asks hosts of the loopback without TLS, and logs in as `docker login` has noted.
    """

    def __init__(self, full_name: str) -> None:
        self.host, _, name = full_name.partition("/")
        scheme = "http" if LOOPBACK.fullmatch(self.host) else "https"
        self._url = f"{scheme}://{self.host}/v2/{name}/"
        # What is on this machine is behind no proxy.
        proxies = urllib.request.ProxyHandler({} if scheme == "http" else None)
        self._opener = urllib.request.build_opener(proxies)

    def push_blob(self, data: bytes) -> None:
        """Upload a blob."""
        begun = self._must("POST", "blobs/uploads/")
        place = urllib.parse.urlsplit(urllib.parse.urljoin(self._url, begun.headers["Location"]))
        query = [*urllib.parse.parse_qsl(place.query), ("digest", digest_of(data))]
        url = place._replace(query=urllib.parse.urlencode(query)).geturl()
        self._must("PUT", url, data, {"Content-Type": "application/octet-stream"})

    def push_manifest(self, reference: str, manifest: bytes, media_type: str) -> Answer:
        """Store a manifest under a tag or its digest."""
        headers = {"Content-Type": media_type}
        return self._must("PUT", f"manifests/{reference}", manifest, headers)

    def manifest(self, reference: str, media_type: str) -> Answer | None:
        """Return the manifest under a tag or digest, or nothing if there is none."""
        answer = self._ask("GET", f"manifests/{reference}", None, {"Accept": media_type})
        return None if answer.status == http.client.NOT_FOUND else self._checked("GET", answer)

    def _must(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return self._checked(method, self._ask(method, path, data, headers or {}))

    def _checked(self, method: str, answer: Answer) -> Answer:
        if answer.status >= http.client.BAD_REQUEST:
            text = answer.body.decode(errors="replace").strip()
            raise PipelineError(f"{self.host} answers {method} with {answer.status}: {text}")
        return answer

    def _ask(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        url = urllib.parse.urljoin(self._url, path)
        # An upload may go elsewhere, where a password has no business.
        ours = urllib.parse.urlsplit(url).netloc == self.host
        given = {**(login(self.host) if ours else {}), **headers}
        request = urllib.request.Request(url, data, given, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except OSError as error:
            raise PipelineError(f"{self.host} cannot be asked: {error}") from error


def login(host: str) -> dict[str, str]:
    """Return the header by which docker logs in to a host, if it has noted name and password."""
    folder = os.environ.get("DOCKER_CONFIG") or pathlib.Path.home() / ".docker"
    try:
        notes = json.loads((pathlib.Path(folder) / "config.json").read_text())
    except OSError:
        return {}
    noted = notes.get("auths", {}).get(host, {}).get("auth")
    return {"Authorization": f"Basic {noted}"} if noted else {}


def digest_of(data: bytes) -> str:
    """Return the name that a registry has for data."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
