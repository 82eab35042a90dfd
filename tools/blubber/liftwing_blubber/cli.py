"""The command `blubber`."""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Optional, Sequence

from liftwing_blubber import compile_text
from liftwing_blubber.errors import BlubberError

DESCRIPTION = """\
Print the Dockerfile that builds one variant of a Blubber v4 file, for machines
that cannot fetch Blubber's own BuildKit frontend:

  blubber .pipeline/editquality/blubber.yaml production \\
    | DOCKER_BUILDKIT=1 docker build --tag editquality --file - .

The build context is the last argument of docker build, as it is for Blubber.
What this compiler does not know is refused: one line FILE:LINE: key: reason on
standard error, exit status 1.
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="blubber",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="a Blubber v4 file", metavar="FILE")
    parser.add_argument("variant", help="the variant to build", metavar="VARIANT")
    options = parser.parse_args(arguments)
    try:
        text = pathlib.Path(options.file).read_text(encoding="utf-8")
        print(compile_text(text, options.variant, options.file), end="")
    except BlubberError as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError) as error:
        print(f"{options.file}:1: cannot be read: {error}", file=sys.stderr)
        return 1
    return 0
