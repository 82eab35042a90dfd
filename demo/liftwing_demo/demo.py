"""What a demo consists of: its files, what it listens on, which models it serves."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from liftwing_demo.listening import Listening
from liftwing_demo.training import Suite
from liftwing_demo.training.suites import EDITQUALITY
from liftwing_demo.wiki.sites import WIKIDATA, WIKIPEDIA

REVISIONS_PER_ITEM = 4
"""A wiki of so many made-up edits comes with one item."""


class DemoError(Exception):
    """The demo cannot start; the text says why and what to do."""


class WikiKind(StrEnum):
    """Which program answers for the demo wiki."""

    EMBEDDED = "embedded"
    MEDIAWIKI = "mediawiki"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the demo keeps its files, what it listens on, how much it makes up, what it serves."""

    folder: Path
    listening: Listening = Listening()
    revisions: int | None = None
    wiki: WikiKind = WikiKind.EMBEDDED
    suite: Suite = EDITQUALITY

    @property
    def with_outlinks(self) -> bool:
        """Whether the outlink pair is started too."""
        return self.listening.outlinks is not None

    @property
    def wiki_file(self) -> Path:
        """The demo wiki."""
        return self.folder / "wiki.sqlite"

    @property
    def items_file(self) -> Path:
        """The wiki of items."""
        return self.folder / "items.sqlite"

    @property
    def edited_file(self) -> Path:
        """A copy of the suite's wiki, which is edited while the demo runs."""
        return self.folder / f"edited-{self.listening.http}.sqlite"

    @property
    def with_edits(self) -> bool:
        """Whether the wiki that is served is that copy."""
        return self.listening.front is not None and self.wiki is WikiKind.EMBEDDED

    @property
    def items(self) -> int | None:
        """How many items there are to be, if not as many as there are by default."""
        return None if self.revisions is None else max(24, self.revisions // REVISIONS_PER_ITEM)

    @property
    def stores(self) -> dict[str, Path]:
        """The wikis' files by their databases' names."""
        return {WIKIPEDIA.database: self.wiki_file, WIKIDATA.database: self.items_file}

    @property
    def mediawiki(self) -> Path:
        """The folder of the MediaWiki that is filled from the demo wiki."""
        return self.folder / "mediawiki"

    @property
    def models(self) -> Path:
        """The folder of the demo models."""
        return self.folder / "models"
