"""Pages that nobody wants, as newcomers start them: advertisements, nonsense and mockery."""

from collections.abc import Callable
from random import Random
from string import ascii_lowercase

_TRADES = ("plumbing", "holiday homes", "web design", "car rental", "dental care", "catering")
_NAMES = ("Brightline", "ProMax", "Silverleaf", "EasyGo", "PrimeChoice", "Sunvale", "TopNotch")
_PRAISE = ("the leading", "an award-winning", "the most trusted", "a world-class", "the best")
_ENDS = ("LLC", "Ltd", "Solutions", "Group", "Services", "Online")
_PITCHES = (
    "{name} is {praise} provider of {trade} with over {number} satisfied customers.",
    "Our team of experts offers affordable {trade} for every budget.",
    "Call us today on 555-{number} for a free quote!",
    "We guarantee the lowest prices and the highest quality in {trade}.",
    "Founded by visionary entrepreneurs, {name} is passionate about {trade}.",
    "Visit our website http://{site}.example/offers?id={number} and save {number}%.",
    "Why choose us? Because {name} always puts the customer first.",
    "Special offer: book now and get your first {trade} consultation free of charge.",
    "* [http://{site}.example/{number} Buy now]",
)
_FIRST = ("Brendan", "Tilly", "Marcus", "Joanne", "Dexter", "Priya", "Oskar", "Lena")
_LAST = ("Fibbington", "Mockford", "Tattleby", "Grumbleton", "Pratt-Smythe", "Dolittle")
_MOCKERY = (
    "{name} is the biggest loser in school.",
    "{name} smells and nobody likes him.",
    "Everyone knows that {name} is a total idiot and a liar.",
    "he still sucks his thumb haha",
    "{name} is so dumb that he failed gym class {count} times.",
    "What a stupid face {name} has.",
    "{name} is an ugly moron who cheats at everything.",
    "don't ever trust {name}, worst teacher ever, crap at maths.",
    "{name} was born with half a brain.",
)
_IDLE = (
    "hello can i edit this",
    "this is my page now!!!!",
    "lol lol lol",
    "test test test",
    "my cat is called mister bubbles and he is the king of the world",
    "HELLO WORLD",
    "poop poop poop",
    "i am bored in class",
    "'''Bold text''' ''Italic text'' [[Link title]]",
    "{{insert name here}} == Headline text ==",
)

Maker = Callable[[Random], tuple[str, str]]
"""Makes the title and the text of a page."""


def spam(rng: Random) -> tuple[str, str]:
    """A firm praises itself."""
    name = f"{rng.choice(_NAMES)} {rng.choice(_ENDS)}"
    trade = rng.choice(_TRADES)
    pitches = rng.sample(_PITCHES, rng.randint(3, len(_PITCHES)))
    sentences = [
        pitch.format(
            name=name,
            praise=rng.choice(_PRAISE),
            trade=trade,
            number=rng.randint(20, 9999),
            site=name.lower().replace(" ", "-"),
        )
        for pitch in pitches
    ]
    glue = rng.choice((" ", "\n\n", "\n"))
    heading = rng.choice(("", f"== About {name} ==\n", f"'''{name}''' - {trade}\n\n"))
    return f"{name} {trade} {rng.randint(1, 9999)}", heading + glue.join(sentences)


def vandalism(rng: Random) -> tuple[str, str]:
    """Somebody plays with the keyboard."""
    pieces = []
    for _ in range(rng.randint(1, 6)):
        roll = rng.random()
        if roll < 0.3:
            letters = rng.choices(ascii_lowercase + "    ", k=rng.randint(10, 120))
            pieces.append("".join(letters))
        elif roll < 0.5:
            pieces.append(rng.choice("ahxz!?") * rng.randint(10, 200))
        else:
            pieces.append(rng.choice(_IDLE))
    title = "".join(rng.choices(ascii_lowercase, k=rng.randint(5, 12)))
    return f"{title} {rng.randint(1, 9999)}", rng.choice((" ", "\n", "\n\n")).join(pieces)


def attack(rng: Random) -> tuple[str, str]:
    """Somebody makes fun of a person, who does not exist."""
    name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
    count = rng.randint(2, 9)
    chosen = rng.sample(_MOCKERY, rng.randint(2, len(_MOCKERY)))
    text = rng.choice((" ", "\n")).join(line.format(name=name, count=count) for line in chosen)
    return f"{name} {rng.randint(1, 9999)}", text.upper() if rng.random() < 0.15 else text
