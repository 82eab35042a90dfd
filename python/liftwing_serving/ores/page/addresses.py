"""Where a request's page is, for links of its answer, and what its address says. Pure functions."""

from __future__ import annotations

from aiohttp import web

from liftwing_serving.ores.routes import without_prefix


def root_of(request: web.BaseRequest) -> str:
    """The way from the request's path to the front's page."""
    return "../" * (without_prefix(request.path).count("/") - 1) or "./"


def address_of(request: web.BaseRequest) -> str:
    """The front's address as the client knows it, which may be that of a proxy."""
    secure = request.headers.get("X-Forwarded-Proto") == "https"
    before = request.path.removesuffix(without_prefix(request.path)).rstrip("/")
    return f"{'https' if secure else 'http'}://{request.host}{before}"


def threshold_in(text: str) -> int:
    """A percentage; 0, which lets all pass, if it is none."""
    try:
        # What is not even a number compares as false.
        return round(min(100.0, max(0.0, float(text))))
    except ValueError:
        return 0
