"""Every suite of demo models: what each of them learns, from what."""

from liftwing_demo.training.suite import Suite
from liftwing_demo.training.suites.articlequality import ARTICLEQUALITY
from liftwing_demo.training.suites.draftquality import DRAFTQUALITY
from liftwing_demo.training.suites.editquality import EDITQUALITY
from liftwing_demo.training.suites.items import ITEMS
from liftwing_demo.training.suites.topic import TOPIC

__all__ = ["EDITQUALITY", "SUITES", "suite_called"]

SUITES = (EDITQUALITY, ARTICLEQUALITY, DRAFTQUALITY, TOPIC, ITEMS)


def suite_called(name: str) -> Suite:
    """The suite of a name. Raises LookupError if there is none."""
    found = next((suite for suite in SUITES if suite.name == name), None)
    if found is None:
        raise LookupError(f"no demo models are called {name}")
    return found
