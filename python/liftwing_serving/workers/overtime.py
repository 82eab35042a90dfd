"""When to end a worker because of a task that runs over its deadline."""

# What a worker's replacement costs: milliseconds for the fork, and words that have to be learnt
# again, which were measured to take 0.7 seconds over its first 120 revisions.
REPLACEMENT_SECONDS = 1.0


def stopping_is_cheaper(expected: float, ran: float) -> bool:
    """Whether a worker whose task nobody waits for should be replaced, as others wait for it."""
    # What took twice as long as expected may well take as long again.
    left = expected - ran if ran <= 2 * expected else ran
    return left > REPLACEMENT_SECONDS


def is_stuck(expected: float, ran: float, given: float) -> bool:
    """Whether a task that was `given` so many seconds runs for no good reason any more."""
    return ran > max(2 * given, 3 * expected + REPLACEMENT_SECONDS)
