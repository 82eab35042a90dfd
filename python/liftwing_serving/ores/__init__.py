"""The front: one address for the models of many servers, which also speaks ORES' API."""

from liftwing_serving.interrupts import quiet_interrupts

with quiet_interrupts():
    from liftwing_serving.ores.settings import settings_by_image
    from liftwing_serving.ores.startup import serve

__all__ = ["serve", "settings_by_image"]
