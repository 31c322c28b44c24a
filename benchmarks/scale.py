"""How long to measure, and how much."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    rounds: int
    # Of each reading, in seconds.
    seconds: float
    # Sent in each round.
    forms: int
    # Each size is compared with the first.
    sizes: tuple[int, ...]
    # Of each size in each round: a tenth of the first size is there to be decided.
    decisions: int
    # Comments of the site on which memory is measured: with 200,000 a worker’s cache is full.
    stocked: int
    workers: tuple[int, ...] = (1, 2)


# To see that it runs.
SMOKE = Scale(rounds=1, seconds=0.05, forms=8, sizes=(200, 400), decisions=1, stocked=400, workers=(1,))
QUICK = Scale(rounds=3, seconds=0.3, forms=60, sizes=(1_000, 10_000), decisions=4, stocked=10_000)
USUAL = Scale(rounds=9, seconds=0.8, forms=200, sizes=(1_000, 100_000), decisions=8, stocked=200_000)
FULL = Scale(rounds=15, seconds=1.5, forms=400, sizes=(1_000, 100_000), decisions=6, stocked=200_000)
MILLION = 1_000_000
