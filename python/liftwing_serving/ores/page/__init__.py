"""The front's page: the models behind it, and recent changes with their scores as they come."""

from liftwing_serving.ores.page.page import Page
from liftwing_serving.ores.page.settings import PageSettings

__all__ = ["Page", "PageSettings"]
