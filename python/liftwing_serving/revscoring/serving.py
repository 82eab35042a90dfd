"""What each family's model.py calls: has a process import the library before this one imports."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from liftwing_serving.interrupts import end_on_termination, quiet_interrupts
from liftwing_serving.preloading import Preloading
from liftwing_serving.revscoring.families import Family

PRELOAD = "liftwing_serving.revscoring.loading:preload"


def serve(*families: Family, arguments: Sequence[str] | None = None, **given: object) -> None:
    """Serve the models that the environment names until told to stop; exits the process.

    They may be of any of the `families`. `arguments` are KServe's command line flags, this
    process's own by default; settings that are `given` are not looked for in the environment.
    Raises OSError if no process can be started.
    """
    # What is imported stays: to look for garbage meanwhile takes a sixth of the start.
    gc.disable()
    end_on_termination()
    with quiet_interrupts():
        preloading = Preloading(PRELOAD)
        from liftwing_serving.revscoring import startup
    startup.serve(families, arguments, preloading, **given)
