"""What every Lift Wing model server shares: one way to fetch, to score and to answer."""

__version__ = "0.1.0"
