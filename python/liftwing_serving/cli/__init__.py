"""The `liftwing-serving` command."""

from liftwing_serving.cli.commands import main

__all__ = ["main"]
