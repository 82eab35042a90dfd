"""What can go wrong with a pipeline."""

from __future__ import annotations


class PipelineError(Exception):
    """A pipeline cannot be run or has failed; its text is for whoever started it."""
