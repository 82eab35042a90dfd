"""Compile a Blubber v4 file to a Dockerfile, for machines that cannot run Blubber itself."""

from liftwing_blubber.dockerfile import render
from liftwing_blubber.errors import BlubberError
from liftwing_blubber.plan import plan
from liftwing_blubber.reader import read

__all__ = ["BlubberError", "compile_text", "plan", "read", "render"]


def compile_text(text: str, target: str, file: str = "blubber.yaml") -> str:
    """Return the Dockerfile whose last stage is the variant `target` of the given file's text."""
    return render(plan(read(text, file), target))
