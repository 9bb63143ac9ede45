"""The pool: what it holds follows from the iteration alone."""

from sgif.noise import seeded
from sgif.pool import Pool


def drawn(pool, first, last, seed=0):
    rng = seeded(seed)
    return [pool.draw(iteration, rng) for iteration in range(first, last + 1)]


def test_it_holds_the_newest_and_no_more_than_its_size():
    made = []
    pool = Pool(lambda n: made.append(n) or n, size=3, refresh=2)
    numbers = drawn(pool, 1, 200)
    for iteration, number in enumerate(numbers, 1):
        newest = (iteration - 1) // 2
        assert max(0, newest - 2) <= number <= newest
    assert len(made) == len(set(made)) and made == sorted(made, key=made.index)
    assert len(set(numbers)) > 80  # most of the series' 100 were used


def test_all_it_holds_are_drawn():
    pool = Pool(lambda n: n, size=4, refresh=1000)
    assert set(drawn(pool, 3001, 3100)) == {0, 1, 2, 3}


def test_a_pool_that_starts_in_the_middle_draws_the_same():
    whole, late = Pool(lambda n: n, 5, 3), Pool(lambda n: n, 5, 3)
    rng = seeded(1)
    for iteration in range(1, 51):
        whole.draw(iteration, rng)
    state = rng.get_state()
    expected = [whole.draw(iteration, rng) for iteration in range(51, 80)]
    rng.set_state(state)
    assert [late.draw(iteration, rng) for iteration in range(51, 80)] == expected
