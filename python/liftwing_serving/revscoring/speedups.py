"""Makes revscoring's feature extraction faster without changing any value."""

from functools import lru_cache

import enchant

# A remembered word costs about 200 bytes; an article of 50 kB has some 2,000 different ones.
REMEMBERED_WORDS = 200_000


def install() -> None:
    """Remember dictionary look-ups: two thirds of an extraction's words were looked up before.

    The dictionaries are never changed while serving, so an answer stays true. Each worker process
    has a memory of its own. Can be repeated.
    """
    if not hasattr(enchant.Dict.check, "cache_info"):
        enchant.Dict.check = lru_cache(maxsize=REMEMBERED_WORDS)(enchant.Dict.check)
