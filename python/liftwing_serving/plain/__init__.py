"""Models that need nothing but the request: no wiki is asked, and no feature extracted."""

from liftwing_serving.plain.startup import serve

__all__ = ["serve"]
