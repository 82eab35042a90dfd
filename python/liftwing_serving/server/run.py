"""The one way to start a server."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Sequence

from liftwing_serving.server.servable import OpenServables, has_own_route
from liftwing_serving.settings import ServerSettings

AddFlags = Callable[[argparse.ArgumentParser], None]


def run(
    names: Sequence[str],
    open_servables: OpenServables,
    settings: ServerSettings,
    arguments: Sequence[str],
    add_flags: AddFlags = lambda parser: None,
) -> None:
    """Serve until told to stop, then exit the process; with an error status if it cannot start.

    `names` are those of the servables, in the order in which `open_servables` yields them; until it
    does, they answer that they are not ready. `arguments` are KServe's command line flags
    and those that `add_flags` adds.
    """
    # What is imported stays: to look for garbage meanwhile takes a sixth of the start.
    gc.disable()
    # These import KServe, which takes seconds: a family starts its processes before it calls this.
    import uvloop

    from liftwing_serving.server.flags import parse_flags
    from liftwing_serving.server.lifecycle import Lifecycle

    models = sum(not has_own_route(name) for name in names)
    flags = parse_flags(arguments, models, add_flags)
    loops = asyncio.new_event_loop if flags.event_loop == "asyncio" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loops) as runner:
        sys.exit(runner.run(Lifecycle(names, settings, flags).serve(open_servables)))
