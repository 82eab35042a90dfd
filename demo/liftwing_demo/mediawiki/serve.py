"""Serves a MediaWiki that install.py made, by PHP's own web server; only the API is served.

`python -m liftwing_demo.mediawiki.serve --dir DIR --port 0` prints the address it listens on.
"""

import argparse
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn

from liftwing_demo.children import die_with_parent
from liftwing_demo.mediawiki.errors import CannotServe
from liftwing_demo.mediawiki.group import ProcessGroup
from liftwing_demo.mediawiki.install import SETTINGS, settings_of

WORKERS = 4
START_SECONDS = 30.0
_ROUTER = Path(__file__).parent / "php" / "router.php"
_PROBE = "/w/api.php?action=query&meta=siteinfo&format=json"


def serve(folder: Path, host: str, port: int) -> None:
    """Serve until PHP ends; says on standard output where.

    Raises:
        CannotServe: there is no wiki in the folder, the port cannot be had, or PHP failed.
    """
    if not (folder / SETTINGS).is_file():
        raise CannotServe(f"there is no MediaWiki in {folder}")
    port = _usable_port(host, port)
    command = ["php", "-S", f"{host}:{port}", "-t", str(folder / "docroot"), str(_ROUTER)]
    environment = settings_of(folder) | {"PHP_CLI_SERVER_WORKERS": str(WORKERS)}
    log = folder / "server.log"
    with ProcessGroup(command, environment, log) as group:
        _wait_for_answer(f"http://{host}:{port}{_PROBE}", group, log)
        print(f"wiki listening on http://{host}:{port}", flush=True)
        code = group.process.wait()
    raise CannotServe(f"PHP ended by itself with {code}; see {log}")


def _usable_port(host: str, port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(f"port {port} of {host} is taken: {error.strerror}") from None
        number: int = probe.getsockname()[1]
        return number


def _wait_for_answer(url: str, group: ProcessGroup, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and group.process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS):
                return
        except urllib.error.HTTPError as error:
            raise CannotServe(f"MediaWiki answers with status {error.code}; see {log}") from None
        except OSError:
            time.sleep(0.02)
    raise CannotServe(f"PHP does not answer; see {log}")


def _stop(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Run the server; the exit code is 0 after a signal, 1 if it could not start."""
    parser = argparse.ArgumentParser(prog="python -m liftwing_demo.mediawiki.serve")
    parser.add_argument("--dir", type=Path, required=True, help="where the wiki was installed")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    die_with_parent()
    try:
        serve(options.dir.resolve(), options.host, options.port)
    except CannotServe as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
