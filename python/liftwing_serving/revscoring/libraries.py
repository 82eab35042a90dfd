"""What the libraries beneath revscoring leave to chance, settled before models are loaded."""

from __future__ import annotations

import enchant

# Any will do, so long as all servers have the same.
LANGUAGE_DETECTION_SEED = 0


def settle() -> None:
    """Make language detection repeatable and Hebrew's dictionary quiet. Can be repeated."""
    # Asked first, hspell writes to standard error that it has no dictionary.
    enchant._broker.set_ordering("he", "hunspell,hspell")
    try:
        from langdetect import DetectorFactory
    except ImportError:
        # Only edit quality's list for translatewiki needs it.
        return
    DetectorFactory.seed = LANGUAGE_DETECTION_SEED
