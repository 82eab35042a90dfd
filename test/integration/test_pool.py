"""The worker pool alone, with tasks that sleep, die and fail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
from liftwing_serving.deadline import Deadline
from liftwing_serving.errors import BadRequest, DeadlineExceeded, InternalError, WorkerLost
from liftwing_serving.workers.cost import Work
from liftwing_serving.workers.pool import WorkerPool
from liftwing_serving.workers.template import Template, TemplateFailed
from liftwing_serving.workers.messages import HandlerSpec
from support.environment import environment
from support.processes import ROOT, children, cpu_time, exists, processes, resident_bytes

SPEC = HandlerSpec("support.handlers:make", None)
HEAVY = Work("heavy", heavy=True)


@pytest.fixture(autouse=True)
def test_folder_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "test"))


@pytest.fixture
def deaths() -> list[None]:
    """An item for each worker of the pool that died."""
    return []


@pytest.fixture
async def pool(deaths: list[None]) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(SPEC, 2, lambda: deaths.append(None))
    await pool.start()
    yield pool
    await pool.close()


async def run(pool: WorkerPool, what: str, argument: object = None, seconds: float = 10) -> object:
    return (await pool.run((what, argument), Deadline.after(seconds))).value


async def until(condition: Callable[[], bool], seconds: float = 3) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_each_of_500_results_is_its_own_tasks(pool: WorkerPool) -> None:
    results = await asyncio.gather(*(run(pool, "echo", number) for number in range(500)))
    assert results == list(range(500))


async def test_each_of_1000_results_is_its_own_tasks_while_heavy_ones_are_paused(
    pool: WorkerPool, deaths: list[None]
) -> None:
    dice = random.Random(1)
    expect(pool, HEAVY, 0.5)
    expect(pool, Work(), 0.001)

    async def ask(number: int) -> object:
        await asyncio.sleep(dice.uniform(0, 3))
        work = dice.choice((HEAVY, Work()))
        text = f"{number} " * dice.choice((1, 50_000))
        return (await pool.run(("echo", text), Deadline.after(30), work)).value

    results = await asyncio.gather(*map(ask, range(1000)))
    assert [str(text).split()[0] for text in results] == [str(number) for number in range(1000)]
    assert states(pool, "T") == [] and deaths == []


async def test_large_tasks_and_results_pass_whole(pool: WorkerPool) -> None:
    text = "x" * 5_000_000
    assert await run(pool, "echo", text) == text


async def test_a_handlers_refusal_reaches_the_caller_as_it_is(pool: WorkerPool) -> None:
    with pytest.raises(BadRequest, match="not this"):
        await run(pool, "refuse", "not this")


async def test_a_defect_carries_its_traceback_for_the_log_only(pool: WorkerPool) -> None:
    with pytest.raises(InternalError) as caught:
        await run(pool, "nonsense")
    assert "ValueError: a defect" in caught.value.details
    assert "ValueError" not in caught.value.message


async def test_fault_10_a_task_whose_worker_dies_is_tried_once_more(
    pool: WorkerPool, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    assert await run(pool, "die once", str(tries)) == "alive"
    assert len(set(tries.read_text().split())) == 2


@pytest.mark.alone
async def test_a_task_tried_again_keeps_its_deadline(pool: WorkerPool, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await run(pool, "die late, then hang", (str(tries), 2.0), seconds=3.0)
    # Begun anew it would not be over before 2 + 3 seconds.
    assert time.monotonic() - started < 4.9
    _, second = map(int, tries.read_text().split())
    await until(lambda: not exists(second), 10)


@pytest.mark.alone
async def test_fault_10_a_deadly_task_costs_two_workers_and_nobody_else(
    pool: WorkerPool, deaths: list[None]
) -> None:
    bystanders = [asyncio.create_task(run(pool, "echo", number)) for number in range(50)]
    with pytest.raises(WorkerLost):
        await run(pool, "die")
    assert await asyncio.gather(*bystanders) == list(range(50))
    assert len(deaths) == 2
    started = time.monotonic()
    await until(lambda: pool.workers_alive == 2)
    assert time.monotonic() - started < 5
    assert await run(pool, "echo", 1) == 1


async def test_fault_10_many_deadly_tasks_at_once_leave_the_pool_whole(
    pool: WorkerPool, deaths: list[None]
) -> None:
    results = await asyncio.gather(
        *(run(pool, "die") for _ in range(10)),
        *(run(pool, "echo", number) for number in range(20)),
        return_exceptions=True,
    )
    assert all(isinstance(result, WorkerLost) for result in results[:10])
    assert results[10:] == list(range(20))
    assert len(deaths) == 20
    await until(lambda: pool.workers_alive == 2)


async def test_an_idle_workers_death_is_noticed(pool: WorkerPool) -> None:
    before = pool.worker_pids
    os.kill(before[0], signal.SIGKILL)
    await until(lambda: pool.workers_alive == 2 and before[0] not in pool.worker_pids)


async def test_a_task_is_not_wasted_on_workers_that_died_a_moment_ago(
    pool: WorkerPool, tmp_path: Path
) -> None:
    for pid in pool.worker_pids:
        os.kill(pid, signal.SIGKILL)
    # The event loop has no turn in which it could learn of their deaths.
    while any(map(exists, pool.worker_pids)):
        time.sleep(0.001)
    assert await run(pool, "die once", str(tmp_path / "tries")) == "alive"


async def test_a_pool_whose_workers_all_died_still_takes_work(pool: WorkerPool) -> None:
    os.kill(pool.template_pid, signal.SIGSTOP)
    for pid in pool.worker_pids:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: pool.workers_alive == 0)
    assert pool.alive
    os.kill(pool.template_pid, signal.SIGCONT)
    assert await run(pool, "echo", 1) == 1


async def test_a_pool_without_template_and_workers_takes_no_work_until_it_is_whole(
    pool: WorkerPool,
) -> None:
    # The event loop has no turn until all are dead, and then hears of the template last.
    for pid in [*pool.worker_pids, pool.template_pid]:
        os.kill(pid, signal.SIGKILL)
        while exists(pid):
            time.sleep(0.01)
    await until(lambda: not pool.alive)
    await until(lambda: pool.workers_alive > 0, 10)
    assert pool.alive


async def test_template_and_workers_dying_together_is_survived(pool: WorkerPool) -> None:
    pids = [pool.template_pid, *pool.worker_pids]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    # Dead, but the event loop has had no turn to notice.
    while any(map(exists, pids)):
        time.sleep(0.01)
    assert await run(pool, "echo", "still here") == "still here"
    await until(lambda: pool.workers_alive == 2)


async def test_a_stuck_task_is_answered_in_time_and_its_worker_replaced(
    pool: WorkerPool, deaths: list[None]
) -> None:
    before = set(pool.worker_pids)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await run(pool, "sleep", 60, seconds=2.0)
    # Not first when its worker is stopped, after twice that.
    assert time.monotonic() - started < 3.5
    await until(lambda: pool.workers_alive == 2 and set(pool.worker_pids) != before, 10)
    assert await run(pool, "echo", 2) == 2
    # It did not end unexpectedly.
    assert deaths == []


async def test_fault_7_light_tasks_do_not_wait_for_heavy_ones_that_have_all_cores(
    pool: WorkerPool, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    heavy = [
        asyncio.create_task(pool.run(("wait for", str(gate)), Deadline.after(10), HEAVY))
        for _ in range(4)
    ]
    await until(lambda: pool.workers_alive == 4)
    light = await asyncio.gather(*(run(pool, "echo", number) for number in range(20)))
    assert light == list(range(20))
    gate.touch()
    times = sorted([outcome.value for outcome in await asyncio.gather(*heavy)])
    # Two had both cores from the start.
    assert times[1][0] < times[0][1]


async def test_a_heavy_task_stands_still_while_light_ones_need_its_core(pool: WorkerPool) -> None:
    expect(pool, HEAVY, 2.0)
    heavy = [asyncio.create_task(pool.run(("spin", 0.5), Deadline.after(10), HEAVY)) for _ in "12"]
    await until(lambda: pool.workers_alive == 4)
    light = [asyncio.create_task(run(pool, "sleep", 0.4)) for _ in "12"]
    await asyncio.sleep(0.1)
    used = sum(map(cpu_time, pool.worker_pids))
    await asyncio.sleep(0.2)
    assert sum(map(cpu_time, pool.worker_pids)) - used < 5
    await asyncio.gather(*light)
    results = await asyncio.gather(*heavy)
    # The pause is told as time in the queue.
    assert all(0.3 < result.queue_seconds < 3 for result in results)


async def test_a_paused_task_whose_worker_dies_is_tried_once_more(
    pool: WorkerPool, deaths: list[None], tmp_path: Path
) -> None:
    expect(pool, HEAVY, 2.0)
    gate = tmp_path / "gate"
    heavy = [
        asyncio.create_task(pool.run(("wait for", str(gate)), Deadline.after(20), HEAVY))
        for _ in range(2)
    ]
    await until(lambda: pool.workers_alive == 4)
    light = [asyncio.create_task(run(pool, "sleep", 1.0)) for _ in range(2)]
    await until(lambda: len(states(pool, "T")) == 2)
    for pid in states(pool, "T"):
        os.kill(pid, signal.SIGKILL)
    gate.touch()
    await asyncio.gather(*light)
    for outcome in await asyncio.gather(*heavy):
        assert outcome.value
    assert len(deaths) == 2


async def test_heavy_tasks_on_all_cores_add_few_workers_in_which_light_ones_run() -> None:
    pool = WorkerPool(SPEC, 4)
    await pool.start()
    try:
        expect(pool, HEAVY, 30.0)
        wait = ("wait for", "/never")
        heavy = [asyncio.create_task(pool.run(wait, Deadline.after(60), HEAVY)) for _ in range(9)]
        await until(lambda: pool.workers_alive == 6)
        assert await asyncio.gather(*(run(pool, "echo", it) for it in range(20))) == [*range(20)]
        assert pool.workers_alive == 6
        for task in heavy:
            task.cancel()
    finally:
        await pool.close()


async def test_what_a_large_task_took_is_given_back(pool: WorkerPool) -> None:
    pid = await run(pool, "scatter", bytes(200_000))
    assert isinstance(pid, int)
    await until(lambda: resident_bytes(pid) < resident_bytes(pool.template_pid) + 20_000_000)


async def test_a_task_that_ends_as_it_is_paused_leaves_no_worker_standing_still(
    pool: WorkerPool,
) -> None:
    expect(pool, HEAVY, 2.0)
    heavy = [asyncio.create_task(pool.run(("sleep", 0.3), Deadline.after(10), HEAVY)) for _ in "12"]
    await until(lambda: pool.workers_alive == 4)
    # The results are there, and the event loop hears of the light tasks first.
    time.sleep(0.6)
    light = [asyncio.create_task(run(pool, "sleep", 0.1)) for _ in "12"]
    await asyncio.gather(*heavy, *light)
    assert states(pool, "T") == []


async def test_closing_ends_paused_workers(tmp_path: Path) -> None:
    pool = WorkerPool(SPEC, 1)
    await pool.start()
    expect(pool, HEAVY, 2.0)
    heavy = asyncio.create_task(pool.run(("wait for", "/never"), Deadline.after(60), HEAVY))
    await until(lambda: pool.workers_alive == 2)
    light = asyncio.create_task(run(pool, "sleep", 30, seconds=60))
    await until(lambda: len(states(pool, "T")) == 1)
    pids = pool.worker_pids
    await pool.close()
    for task in (heavy, light):
        with pytest.raises(WorkerLost):
            await task
    assert not any(map(exists, pids))


async def test_a_paused_task_over_its_deadline_is_answered_and_goes_on_to_its_end(
    pool: WorkerPool, deaths: list[None]
) -> None:
    expect(pool, HEAVY, 1.5)
    heavy = [asyncio.create_task(pool.run(("spin", 0.3), Deadline.after(2.0), HEAVY)) for _ in "12"]
    await until(lambda: pool.workers_alive == 4)
    light = [asyncio.create_task(run(pool, "sleep", 2.5)) for _ in "12"]
    errors = await asyncio.gather(*heavy, return_exceptions=True)
    assert [type(error) for error in errors] == [DeadlineExceeded] * 2
    assert not light[0].done()
    await asyncio.gather(*light)
    await until(lambda: not pool.load._begun, 10)
    assert deaths == [] and pool.workers_alive == 4


def expect(pool: WorkerPool, work: Work, seconds: float) -> None:
    """Have such work been measured to take that long."""
    share = pool.load.add(work)
    pool.load.begin(share, 0.0)
    pool.load.finish(share, seconds)


def states(pool: WorkerPool, state: str) -> list[int]:
    """The pool's workers in this state, of those that ps(1) lists."""
    return [pid for pid, of, _ in processes() if of == state and pid in pool.worker_pids]


async def test_a_heavy_task_is_not_put_off_for_ever(pool: WorkerPool) -> None:
    stop = asyncio.Event()

    async def keep_busy() -> None:
        while not stop.is_set():
            await run(pool, "sleep", 0.02)

    busy = [asyncio.create_task(keep_busy()) for _ in range(8)]
    await asyncio.sleep(0.1)
    await pool.run(("echo", 1), Deadline.after(5), HEAVY)
    stop.set()
    await asyncio.gather(*busy)


async def test_closing_ends_everything() -> None:
    pool = WorkerPool(SPEC, 2)
    await pool.start()
    pids = [pool.template_pid, *pool.worker_pids]
    waiting = asyncio.create_task(run(pool, "sleep", 30, seconds=60))
    await asyncio.sleep(0.1)
    await pool.close()
    with pytest.raises(WorkerLost):
        await waiting
    assert not any(map(exists, pids))
    with pytest.raises(WorkerLost):
        await run(pool, "echo", 1)


async def test_closing_does_not_block_the_loop_however_long_processes_take_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kill = Template.kill

    def kill_slowly(template: Template) -> None:
        time.sleep(2)
        kill(template)

    monkeypatch.setattr(Template, "kill", kill_slowly)
    pool = WorkerPool(SPEC, 1)
    await pool.start()
    beats = [time.monotonic()]

    async def beat() -> None:
        while True:
            await asyncio.sleep(0.01)
            beats.append(time.monotonic())

    heart = asyncio.create_task(beat())
    await pool.close()
    beats.append(time.monotonic())
    heart.cancel()
    assert beats[-1] - beats[0] >= 2
    assert max(later - earlier for earlier, later in pairwise(beats)) < 1.5


async def test_a_handler_that_cannot_be_made_is_told() -> None:
    pool = WorkerPool(HandlerSpec("support.handlers:make", "broken"), 2)
    with pytest.raises(TemplateFailed, match="RuntimeError: cannot be loaded"):
        await pool.start()
    await pool.close()


async def test_a_template_that_dies_while_it_loads_is_told() -> None:
    pool = WorkerPool(HandlerSpec("support.handlers:make", "deadly"), 2)
    with pytest.raises(TemplateFailed, match="died while loading"):
        async with asyncio.timeout(20):
            await pool.start()
    await pool.close()


async def test_no_descriptors_pile_up_over_many_deaths(pool: WorkerPool) -> None:
    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    await run(pool, "echo", 1)
    before = open_descriptors()
    for _ in range(10):
        with pytest.raises(WorkerLost):
            await run(pool, "die")
    await until(lambda: pool.workers_alive == 2)
    assert open_descriptors() <= before + 2


async def test_templates_that_cannot_be_started_leave_no_descriptors(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*arguments: object, **options: object) -> None:
        raise BlockingIOError("no room for another process")

    before = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", no_room)
        for _ in range(10):
            with pytest.raises(BlockingIOError):
                Template(SPEC)
        os.kill(pool.template_pid, signal.SIGKILL)
        await asyncio.sleep(0.5)
    await until(lambda: pool.template_pid > 0 and exists(pool.template_pid), 10)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


async def test_a_template_is_ready_from_when_it_has_loaded_until_it_dies() -> None:
    template = Template(SPEC)
    try:
        assert not template.ready
        await template.attach(lambda: None)
        assert template.ready
        os.kill(template.pid, signal.SIGKILL)
        await until(lambda: not template.ready)
    finally:
        template.kill()


async def test_a_template_that_hangs_while_it_starts_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    hook = f"import time; open({str(started)!r}, 'w').close(); time.sleep(60)"
    (tmp_path / "sitecustomize.py").write_text(hook)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = WorkerPool(SPEC, 1)
    await until(started.exists, 20)
    begun = time.monotonic()
    await pool.close()
    assert time.monotonic() - begun < 20


async def test_a_new_template_that_hangs_while_it_loads_is_replaced(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liftwing_serving.workers.crew.LOAD_SECONDS", 0.5)
    (tmp_path / "sitecustomize.py").write_text("import time; time.sleep(600)")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(tmp_path))
        first = pool.template_pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: pool.template_pid != first, 10)
        hanging = pool.template_pid
    monkeypatch.setattr("liftwing_serving.workers.crew.LOAD_SECONDS", 60)
    await until(lambda: not exists(hanging), 20)
    before = pool.worker_pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    # A task that both had in their last moments would be lost.
    await until(lambda: not set(before) & set(pool.worker_pids), 20)
    assert await run(pool, "echo", 7, seconds=30) == 7


async def test_a_worker_is_stopped_by_itself_and_not_by_a_number_that_may_be_anothers(
    pool: WorkerPool,
) -> None:
    worker = next(iter(pool._crew._workers))
    pid = worker.pid
    with subprocess.Popen(["sleep", "60"], env=environment()) as other:
        try:
            worker.pid = other.pid
            worker.kill()
            await until(lambda: not exists(pid), 10)
            assert other.poll() is None
            # Reaped by now.
            worker.kill()
        finally:
            other.kill()


async def test_a_worker_out_of_memory_ends_and_its_task_is_tried_once_more(
    pool: WorkerPool, deaths: list[None], tmp_path: Path
) -> None:
    assert await run(pool, "run out of memory once", str(tmp_path / "tries")) == "alive"
    assert len(deaths) == 1
    with pytest.raises(WorkerLost):
        await run(pool, "run out of memory")
    assert len(deaths) == 3


async def test_fault_18_workers_killed_as_soon_as_they_are_forked_are_never_counted(
    pool: WorkerPool,
) -> None:
    killed = 0
    stop = asyncio.get_running_loop().time() + 2
    while asyncio.get_running_loop().time() < stop:
        for pid in children(pool.template_pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        await asyncio.sleep(0.001)
    assert killed > 4
    await until(lambda: pool.workers_alive == 2 and all(map(exists, pool.worker_pids)), 10)
    await asyncio.sleep(0.2)
    assert len(pool.worker_pids) == 2 and all(map(exists, pool.worker_pids))
    assert await run(pool, "echo", 3) == 3


async def test_a_lack_of_descriptors_is_got_over(
    pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        for pid in pool.worker_pids:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not pool.alive)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "Too many open files" in caplog.text
    await until(lambda: pool.workers_alive == 2, 10)
    assert await run(pool, "echo", 4) == 4


async def test_a_template_that_does_not_answer_is_replaced(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liftwing_serving.workers.crew.FORK_SECONDS", 0.5)
    os.kill(pool.template_pid, signal.SIGSTOP)
    workers = pool.worker_pids
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    while any(map(exists, workers)):
        time.sleep(0.01)
    assert await run(pool, "echo", 5) == 5
    await until(lambda: pool.workers_alive == 2, 10)


async def test_many_deaths_of_templates_leave_no_processes_or_descriptors(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("liftwing_serving.workers.crew.ROUND_SECONDS", 0.1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(6):
        old = {pool.template_pid, *pool.worker_pids}
        for pid in old:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await until(lambda: pool.workers_alive == 2 and old.isdisjoint(pool.worker_pids), 10)
        assert await run(pool, "echo", 6) == 6
    await until(lambda: pool.workers_alive == 2, 10)
    await until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before + 2, 5)
    await until(lambda: not zombies(), 5)


def zombies() -> list[int]:
    """Children of this process that ended and were not reaped."""
    return [pid for pid, state, parent in processes() if state == "Z" and parent == os.getpid()]


async def test_a_result_that_cannot_be_sent_is_a_defect_and_kills_nobody(pool: WorkerPool) -> None:
    before = sorted(pool.worker_pids)
    with pytest.raises(InternalError):
        await run(pool, "unsendable")
    assert sorted(pool.worker_pids) == before


async def test_fault_17_many_large_tasks_leave_nothing_behind(pool: WorkerPool) -> None:
    async def memory_after(tasks: int) -> int:
        for number in range(tasks):
            text = str(number) * 200_000
            await asyncio.gather(run(pool, "echo", text), run(pool, "litter", 1_000_000))
        return sum(map(resident_bytes, [os.getpid(), *pool.worker_pids]))

    warm = await memory_after(10)
    assert await memory_after(100) - warm < 20_000_000
