"""The images of all families."""

from __future__ import annotations

from liftwing_serving import ores, outlink
from liftwing_serving.revscoring import families
from liftwing_serving.settings import Settings


def settings_by_image() -> dict[str, type[Settings]]:
    """What each image reads from the environment, by the image's name."""
    return {
        **families.settings_by_image(),
        **outlink.settings_by_image(),
        **ores.settings_by_image(),
    }
