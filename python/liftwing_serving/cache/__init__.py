"""Keeps finished answers as bytes: in this process, and with CACHE_URL in a Redis for all replicas.

What is found is what was kept under that very name, and not too long ago; all else is a miss. A
Redis that fails makes answers slower, and nothing else.
"""

from liftwing_serving.cache.cache import Cache, open_cache
from liftwing_serving.cache.control import fresh_wanted, take_up

__all__ = ["Cache", "fresh_wanted", "open_cache", "take_up"]
