"""Who edits the demo wiki: a fixed cast of accounts, newcomers as they come, and strangers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from liftwing_demo.wiki.records import User

_NAMES = (
    "Quill Hartnoll",
    "Marrow & Pith",
    "Дядя Вереск",
    "משתמש לדוגמה",
    "O'Tannenbaum",
    "Lantern 7",
    "Élodie Vasseur",
    "Tidewrack",
    "Brindle (workshop)",
    "Sötkörsbär",
    "Pilcrow",
    "鶴見",
    "Gannet+Skua",
    "Mossy Kettle",
    "Wren of Ware",
    "100% Cotton",
    "Ibex",
    "Harrow Gate",
    "Ножик",
    "Fallow deer",
    "Kittiwake 42",
    "Velvet ant",
    "Sandpiper",
    "Umber",
)
_FIRST = ("Cool", "Big", "Math", "Sky", "Happy", "Mister", "Blue", "Fan", "Just", "Real")
_SECOND = ("dude", "cat", "student", "walker", "reader", "gamer", "editor", "boy", "girl", "fox")
_IMPORTED = ("meta>Someone", "de>Beispielnutzer", "imported>Old hand", "w:fr>Élève")
FIRST_NEWCOMER_ID = 43_000_001
MISSING_ACCOUNT_IDS = 500
"""The ids below the newcomers' that belong to accounts nobody can find any more."""


@dataclass(frozen=True, slots=True)
class Editor:
    """The name and id an edit is saved under."""

    name: str
    user_id: int = 0


def timestamp(moment: datetime) -> str:
    """A moment as the API writes it, for example `2022-03-01T09:05:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Cast:
    """Everybody who edits; `accounts` grows as newcomers register."""

    def __init__(self, rng: Random, opening: datetime) -> None:
        self.accounts: dict[int, User] = {}
        self._rng = rng
        self._taken: set[str] = set()
        ranks: list[tuple[str, ...]] = [("sysop",)] * 2 + [("rollbacker", "reviewer")] * 3
        ranks += [("autoreviewer",), ("extendedconfirmed",), ("filemover", "extendedconfirmed")]
        ranks += [("bureaucrat", "sysop"), ("checkuser", "oversight", "sysop"), ("templateeditor",)]
        ranks += [()] * (len(_NAMES) - len(ranks))
        for index, (name, groups) in enumerate(zip(_NAMES, ranks, strict=True)):
            self._settle(index, name, groups, opening)
        self.veterans = list(self.accounts.values())
        self.patrollers = [
            user for user in self.veterans if {"sysop", "rollbacker"} & set(user.groups)
        ]
        self.robots = [
            self._add(User(2_000_123, "TidyBot", "2008-05-09T11:00:00Z", 812_345, ("bot",))),
            self._add(User(9_400_021, "WatchBot NG", "2010-10-20T06:30:00Z", 2_300_411, ("bot",))),
        ]
        self.oldest = [user for user in self.veterans if user.registration is None]
        self.newcomers: list[User] = []
        self._missing = 0

    def _settle(self, index: int, name: str, groups: tuple[str, ...], opening: datetime) -> None:
        rng = self._rng
        days = rng.randint(40, 6000)
        ancient = index % 7 == 6
        user = User(
            user_id=rng.randint(40, 900) + index if ancient else 7_000_000 - days * 1100 + index,
            name=name,
            registration=None if ancient else timestamp(opening - timedelta(days, hours=index)),
            edit_count=rng.randint(3, 400) if not groups else rng.randint(2_000, 90_000),
            groups=groups,
            gender=rng.choice(("unknown", "unknown", "female", "male")),
            emailable=rng.random() < 0.6,
        )
        self._add(user)

    def _add(self, user: User) -> User:
        self.accounts[user.user_id] = user
        self._taken.add(user.name)
        return user

    def veteran(self) -> Editor:
        """Somebody with experience."""
        return _editor(self._rng.choice(self.veterans))

    def patroller(self) -> Editor:
        """Somebody who reverts others: an administrator or a rollbacker."""
        return _editor(self._rng.choice(self.patrollers))

    def tidy_robot(self) -> Editor:
        """The robot that tidies markup."""
        return _editor(self.robots[0])

    def watch_robot(self) -> Editor:
        """The robot that reverts vandalism."""
        return _editor(self.robots[1])

    def ancient(self) -> Editor:
        """Somebody whose registration nobody recorded."""
        return _editor(self._rng.choice(self.oldest))

    def newcomer(self, now: datetime) -> Editor:
        """Somebody who registered within the last days, now and then one seen before."""
        rng = self._rng
        if self.newcomers and rng.random() < 0.35:
            return _editor(rng.choice(self.newcomers[-12:]))
        name = f"{rng.choice(_FIRST)}{rng.choice(_SECOND)}{rng.randint(1, 9999)}"
        while name in self._taken:
            name += "x"
        user = User(
            user_id=FIRST_NEWCOMER_ID + 17 * len(self.newcomers),
            name=name,
            registration=timestamp(now - timedelta(minutes=rng.randint(3, 6000))),
            edit_count=rng.randint(1, 14),
        )
        self.newcomers.append(self._add(user))
        return _editor(user)

    def ipv4(self) -> Editor:
        """An anonymous editor of a documentation network."""
        network = self._rng.choice(("192.0.2", "198.51.100", "203.0.113"))
        return Editor(f"{network}.{self._rng.randint(1, 254)}")

    def ipv6(self) -> Editor:
        """An anonymous editor, the address in MediaWiki's long upper-case form."""
        groups = (f"{self._rng.randint(0, 0xFFFF):X}" for _ in range(6))
        return Editor("2001:DB8:" + ":".join(groups))

    def anonymous(self) -> Editor:
        """One of either kind of address."""
        return self.ipv4() if self._rng.random() < 0.7 else self.ipv6()

    def imported(self) -> Editor:
        """A name that came with an import: no id, and no name `list=users` would accept."""
        return Editor(self._rng.choice(_IMPORTED))

    def unregistered(self) -> Editor:
        """An id whose account is gone."""
        self._missing = self._missing % MISSING_ACCOUNT_IDS + 1
        return Editor(f"Vanished {self._missing}", FIRST_NEWCOMER_ID - self._missing)

    def well_meaning(self, now: datetime) -> Editor:
        """Who makes good edits: mostly the experienced, but anybody may."""
        roll = self._rng.random()
        if roll < 0.58:
            return self.veteran()
        return self.newcomer(now) if roll < 0.72 else self.anonymous()

    def ill_meaning(self, now: datetime) -> Editor:
        """Who makes bad edits: mostly the anonymous."""
        roll = self._rng.random()
        if roll < 0.58:
            return self.anonymous()
        return self.newcomer(now) if roll < 0.93 else self.veteran()

    def inexperienced(self, now: datetime) -> Editor:
        """Who makes clumsy edits."""
        return self.newcomer(now) if self._rng.random() < 0.6 else self.anonymous()


def _editor(user: User) -> Editor:
    return Editor(user.name, user.user_id)
