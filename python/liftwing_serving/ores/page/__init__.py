"""The front's pages: recent changes with scores as they come, a form to try models, versions."""

from liftwing_serving.ores.page.page import Page
from liftwing_serving.ores.page.settings import PageSettings

__all__ = ["Page", "PageSettings"]
