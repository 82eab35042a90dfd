"""The server's end of a worker's socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.workers import frames
from liftwing_serving.workers.link import WorkerLink
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.load import Share
from liftwing_serving.workers.messages import Done
from liftwing_serving.workers.queue import Job


@pytest.mark.parametrize("killed", [False, True])
async def test_a_worker_is_free_after_its_result_unless_it_was_killed_meanwhile(
    killed: bool,
) -> None:
    loop = asyncio.get_running_loop()
    job = Job(b"", Share(Work(), 1.0), Deadline.after(60), loop.create_future())
    job.timer = loop.call_later(60, lambda: None)
    free: list[WorkerLink] = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        link = WorkerLink(ours, cast(Any, None), lambda link, job: free.append(link), free.remove)
        link.job = job
        if killed:
            link.kill()
        link.data_received(frames.encode(Done(7)))
    assert (free, job.result.done()) == (([], False) if killed else ([link], True))
    job.timer.cancel()
