"""Runs a pretended service as a process: says where it listens, stops at a signal."""

import asyncio
import errno
import signal
import sys

from aiohttp import web


def run(app: web.Application, name: str, host: str, port: int) -> int:
    """Serve until SIGINT or SIGTERM; the exit code is 0 then, 1 if the port cannot be had."""
    try:
        asyncio.run(_serve(app, name, host, port))
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "is taken" if taken else f"cannot be used: {error.strerror}"
        print(f"port {port} of {host} {reason}", file=sys.stderr)
        return 1
    return 0


async def _serve(app: web.Application, name: str, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        print(f"{name} listening on http://{host}:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
