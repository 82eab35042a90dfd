"""What the server makes of two cores, and how long light requests wait beside heavy ones."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from arrivals import Answer, arrive, percentile
from stage import Figure, Stage
from server import Server
from sides import ServerSide, Taken
from watching import own_cpu_seconds

CLIENTS = 16
CORES = 2
# As by default, where a server is asked for more than it can do.
USUAL = {"REQUEST_DEADLINE_SECONDS": "30", "MAX_QUEUE_SECONDS": "10"}
NOTHING_HEAVY = {"MWAPI_REVID_CONTENT_THRESHOLD_BYTES": str(1 << 40)}
LIGHT_SHARE_OF_CAPACITY = 0.4
HEAVY_SHARE = 0.05
# Until the queue is as long as it gets.
FILLING_SECONDS = 12.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A closed loop, and the CPU seconds that all who share the cores took meanwhile."""

    taken: Taken
    server: float
    others: float

    @property
    def per_second(self) -> float:
        """Scores."""
        return len(self.taken.scores) / self.taken.elapsed

    @property
    def server_milliseconds(self) -> float:
        """CPU of the server's process for each score, its workers apart."""
        return 1000 * self.server / len(self.taken.scores)

    @property
    def workers_share(self) -> float:
        """The workers' part of what the cores leave beside server, wiki and clients."""
        left = CORES * self.taken.elapsed - self.server - self.others
        return (self.taken.cpu - self.server) / left


async def threads(stage: Stage) -> list[Figure]:
    """Worker processes against a thread of the server, 35 to 45 kB."""
    async with stage.servers({}, {"ASYNCIO_USE_PROCESS_POOL": "False"}) as sides:
        pairs = await in_pairs(stage, sides, "median", 12)
    ours = [pair[0] for pair in pairs]
    return [
        Figure("35-45 kB: throughput, workers / thread", ratio(pairs), ">=", 1.75),
        Figure(
            "... server's CPU a score, ms", median(it.server_milliseconds for it in ours), "<=", 4
        ),
    ]


async def cores(stage: Stage) -> list[Figure]:
    """All sizes: is any core idle while work waits?"""
    async with stage.servers({}, NOTHING_HEAVY) as sides:
        pairs = await in_pairs(stage, sides, "mixed", 40)
    share = median(pair[0].workers_share for pair in pairs)
    return [
        Figure("all sizes: workers' CPU / what server, wiki, clients leave", share, ">=", 0.95),
        Figure("... throughput / if nothing were heavy", ratio(pairs), ">=", 0.95),
    ]


async def beside(stage: Stage) -> list[Figure]:
    """Poisson arrivals of small articles, without and with some of 100 to 180 kB."""
    small, large = stage.endless("small"), stage.endless("large")
    alone: list[Answer] = []
    mixed: list[Answer] = []

    def light(dice: random.Random) -> tuple[str, int]:
        return "light", next(small)

    def any_(dice: random.Random) -> tuple[str, int]:
        return ("heavy", next(large)) if dice.random() < HEAVY_SHARE else light(dice)

    async with stage.servers(USUAL) as (server,):
        capacity = (await closed(stage, server, "small", 10)).per_second
        rate = LIGHT_SHARE_OF_CAPACITY * capacity
        for number in range(stage.turns):
            ways = [(alone, light), (mixed, any_)]
            for answers, draw in ways if number % 2 else reversed(ways):
                answers += await arrive(server, stage.session, rate, 30, draw)
    waits = [of(answers, "light") for answers in (alone, mixed)]
    waits.append(of(mixed, "heavy"))
    p99 = [percentile(them, 0.99) for them in waits]
    refused = sum(it.status != 200 for it in alone + mixed)
    return [
        Figure("small ones' p99 beside large ones / alone", p99[1] / p99[0], "<=", 1.5),
        Figure("... of so many requests a second", rate),
        Figure("... alone, ms", p99[0]),
        Figure("... large ones' p99, ms", p99[2]),
        Figure("... refused", refused, "<=", 0),
    ]


async def overload(stage: Stage) -> list[Figure]:
    """Twice what the server can bear, for a minute."""
    figures = []
    for name in ("small", "mixed"):
        drawn = stage.endless(name)
        async with stage.servers(USUAL) as (server,):
            capacity = (await closed(stage, server, name, 20)).per_second
            answers = await arrive(
                server, stage.session, 2 * capacity, 60, lambda dice: ("", next(drawn))
            )
        first = min(it.came for it in answers)
        begin, end = first + FILLING_SECONDS, first + 60
        good = sum(it.status == 200 and begin < it.ended < end for it in answers)
        refused = [it.milliseconds for it in answers if it.status != 200]
        goodput = good / (end - begin) / capacity
        figures += [
            Figure(f"{name}, twice the capacity: goodput / capacity", goodput, ">=", 0.9),
            Figure("... refused", len(refused)),
            Figure("... refusals' p99, ms", percentile(refused, 0.99), "<=", 50),
        ]
    return figures


async def in_pairs(
    stage: Stage, sides: Sequence[Server], name: str, seconds: float
) -> list[list[Turn]]:
    """Two servers in turns; in each second pair the other one is first."""
    pairs = []
    for number in range(stage.turns):
        order = sides if number % 2 else list(reversed(sides))
        turns = {it.pid: await closed(stage, it, name, seconds) for it in order}
        pairs.append([turns[it.pid] for it in sides])
    return pairs


async def closed(stage: Stage, server: Server, name: str, seconds: float) -> Turn:
    """Clients that ask for the next as soon as they have one."""
    side = ServerSide("", server, stage.session)
    drawn: Iterator[int] = stage.endless(name)
    before = own_cpu_seconds(server.pid), _others(stage)
    taken = await side.under(drawn, CLIENTS, seconds)
    return Turn(taken, own_cpu_seconds(server.pid) - before[0], _others(stage) - before[1])


def ratio(pairs: Sequence[Sequence[Turn]]) -> float:
    """The first one's throughput by the second one's, of the middle pair."""
    return median(first.per_second / second.per_second for first, second in pairs)


def of(answers: Sequence[Answer], kind: str) -> list[float]:
    """The waits of those of a kind that were scored."""
    return [it.milliseconds for it in answers if it.kind == kind and it.status == 200]


def _others(stage: Stage) -> float:
    return own_cpu_seconds(stage.wiki_pid) + own_cpu_seconds(os.getpid())
