"""What the page reads from the environment."""

from __future__ import annotations

from liftwing_serving.settings import BaseUrl, MediaWikiSettings, Url


class PageSettings(MediaWikiSettings):
    """The front's page"""

    score_stream_url: Url | None = None
    """A stream of score events as EventStreams sends them, which the page follows while somebody
    looks; without it the page lists models only. Comments come from revision-create events, if the
    URL names their stream too."""

    wiki_url: BaseUrl | None = None
    """Base URL of a MediaWiki that answers for every wiki, told by the Host header, to show diffs;
    without it each wiki is asked at its own host over HTTPS."""
