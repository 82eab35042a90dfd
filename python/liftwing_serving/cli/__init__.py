"""The `liftwing-serving` command."""

from liftwing_serving.interrupts import quiet_interrupts

__all__ = ["main"]


def main() -> None:
    """Entry point: our own commands and those of installed plugins."""
    with quiet_interrupts():
        from liftwing_serving.cli.commands import add_plugins, app

        add_plugins()
    app()
