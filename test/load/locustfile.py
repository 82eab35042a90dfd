"""Load as users make it, for locust: single scores, batches, events, outlink topics.

See README.md, and docs/api.md for the requests.
"""

from __future__ import annotations

import json
import random
from typing import Any

import locust.stats
import revisions
from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

TITLES = ("Anarchism", "Apollo 11", "Astronaut", "Alabama", "Aristotle", "Albedo")
REFUSALS = {429, 503}

locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.95, 0.99, 1.0]


def add_options(parser: LocustArgumentParser) -> None:
    """What can be said besides locust's own options."""
    parser.add_argument(
        "--models",
        default="enwiki-damaging",
        help="models that are asked, with commas between (default: %(default)s)",
    )
    parser.add_argument(
        "--revisions",
        default="1000001-1000700",
        help="FIRST-LAST, or a file of revision ids, oldest first (default: the demo wiki's edits)",
    )
    parser.add_argument(
        "--instances", type=int, default=50, help="revisions of a batch (default: %(default)s)"
    )
    parser.add_argument(
        "--titles", help="a file of article titles, one a line (default: some of the demo wiki's)"
    )
    parser.add_argument(
        "--seconds-between",
        type=float,
        default=1.0,
        help="mean pause of a user between requests, of random length (default: %(default)s)",
    )


class Load:
    """What all users of a run share: the options, and the revisions that are left of a stream."""

    def __init__(self, options: Any) -> None:
        self.models: list[str] = options.models.split(",")
        self.wiki = self.models[0].partition("-")[0]
        self.rev_ids = revisions.read(options.revisions)
        self.stream = revisions.each_once(self.rev_ids)
        self.instances: int = options.instances
        self.seconds_between: float = options.seconds_between
        self.titles: tuple[str, ...] = TITLES
        if options.titles:
            with open(options.titles) as lines:
                self.titles = tuple(filter(None, map(str.strip, lines)))


class User(FastHttpUser):
    """Asks, checks that the answer is about what was asked, and pauses."""

    abstract = True
    dice = random.Random()
    load: Load

    def wait_time(self) -> float:
        """Pauses as of independent users: many short ones, few long ones."""
        seconds = self.load.seconds_between
        return self.dice.expovariate(1 / seconds) if seconds else 0.0

    def ask(self, path: str, request: object, about: str, name: str) -> None:
        """POST a request; count it as failed if it is refused, or `about` is not in the answer."""
        with self.client.post(
            path, data=json.dumps(request), name=name, catch_response=True
        ) as answer:
            if answer.status_code in REFUSALS:
                answer.failure(f"refused with {answer.status_code}")
            elif answer.status_code != 200:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
            elif about not in answer.text:
                answer.failure(f"an answer that is not about {about}")

    def predict(self, model: str, request: object, about: str, name: str) -> None:
        """Ask a model by V1."""
        self.ask(f"/v1/models/{model}:predict", request, about, name)


class Single(User):
    """A patroller's tool: one revision, one model."""

    @task
    def score(self) -> None:
        rev_id = revisions.as_tools_ask(self.load.rev_ids, self.dice)
        model = self.dice.choice(self.load.models)
        self.predict(model, {"rev_id": rev_id}, f'"{rev_id}"', "single")


class Batch(User):
    """A bot that works on a backlog: many revisions of one model in a request."""

    @task
    def scores(self) -> None:
        load = self.load
        rev_ids = self.dice.sample(load.rev_ids, min(load.instances, len(load.rev_ids)))
        instances = [{"rev_id": rev_id} for rev_id in rev_ids]
        model = self.dice.choice(load.models)
        self.predict(
            model, {"instances": instances}, f'"{rev_ids[-1]}"', f"batch of {len(rev_ids)}"
        )


class Event(User):
    """The event stream: each edit in its order, by its event, once for each model."""

    @task
    def edit(self) -> None:
        rev_id = next(self.load.stream)
        event = {
            "$schema": "/mediawiki/revision/create/2.0.0",
            "database": self.load.wiki,
            "page_id": 12,
            "page_title": "Anarchism",
            "page_namespace": 0,
            "page_is_redirect": False,
            "rev_id": rev_id,
            "rev_timestamp": "2022-03-01T16:37:11Z",
        }
        for model in self.load.models:
            self.predict(model, {"event": event}, f'"{rev_id}"', "event")


class Outlink(User):
    """A reader of topics; `--host` is the outlink transformer's."""

    @task
    def topics(self) -> None:
        title = self.dice.choice(self.load.titles)
        request = {"lang": self.load.wiki.removesuffix("wiki"), "page_title": title}
        about = title.replace(" ", "%20")
        self.predict("outlink-topic-model", request, about, "outlink")


def prepare(environment: Environment, **_: Any) -> None:
    """Read what the options name, before users start."""
    User.load = Load(environment.parsed_options)


events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(prepare)
