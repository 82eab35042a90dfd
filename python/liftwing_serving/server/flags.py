"""The command line of a server: KServe's flags, less what cannot be kept, and `--host`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from pathlib import Path

from kserve import model_server


def make_parser() -> argparse.ArgumentParser:
    """The flags that there are."""
    parser = argparse.ArgumentParser(
        parents=[model_server.parser],
        description="Serves the models that the environment names; see docs/configuration.md.",
    )
    parser.add_argument(
        "--host",
        type=IPv4Address,
        default=IPv4Address("0.0.0.0"),
        help="The address that both ports listen on, all of the machine's by default.",
    )
    # KServe's own default could not be told from a name that is given.
    parser.set_defaults(model_name=None)
    return parser


def parse_flags(
    arguments: Sequence[str],
    models: int,
    add_flags: Callable[[argparse.ArgumentParser], None] = lambda parser: None,
) -> argparse.Namespace:
    """The flags of a server of so many models. Exits on unknown and on impossible ones."""
    parser = make_parser()
    add_flags(parser)
    flags = parser.parse_args(arguments)
    if flags.workers > 1:
        parser.error("--workers above 1 is refused: ASYNCIO_AUX_WORKERS sets the worker processes")
    if further_names(flags) and models > 1:
        parser.error("--model_name is for one model; INFERENCE_NAME has several")
    for file in filter(None, (flags.ssl_certfile, flags.ssl_keyfile)):
        if not Path(file).is_file():
            parser.error(f"there is no file {file} to serve HTTPS with")
    return flags


def further_names(flags: argparse.Namespace) -> list[str]:
    """The second name that --model_name gives the one model; empty if the flag is not given."""
    return [flags.model_name] if flags.model_name else []
