"""Trainings, Snakemake, or both, killed at random moments: the same command ends with the same bytes.

Five kills; `make test-faults` makes twenty of them, of longer trainings (SGIF_TEST_KILLS=20).
"""

import os
import time

import pytest

KILLS = int(os.environ.get("SGIF_TEST_KILLS", 5))
# Iterations a scale, and seconds between kills: some gaps must be longer than the 30 s between two kept states.
ITERATIONS, GAP_S = (40, (1.0, 8.0)) if KILLS <= 5 else (120, (1.0, 30.0))
SEED = int(os.environ.get("SGIF_TEST_SEED", 0))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_however_often_it_is_killed_the_results_are_the_same_bytes(chaos, workflow, capsys):
    """Rounds from an empty folder until there were enough kills."""
    undisturbed = workflow("undisturbed", ITERATIONS)
    reference = undisturbed.start()  # beside the first round: it is twice as fast on two cores
    kills, rounds, began = [], [], time.monotonic()
    with capsys.disabled():
        while len(kills) < KILLS:
            disturbed = workflow(f"round{len(rounds)}", ITERATIONS)
            kills += chaos.disturb(disturbed, KILLS - len(kills), SEED + len(rounds), GAP_S)
            rounds.append(disturbed)
        assert reference.wait() == 0, undisturbed.said()[-3000:]
        worst = max(kills, key=lambda kill: kill.lost_s)
        print(f"\n{len(kills)} kills in {len(rounds)} rounds, {time.monotonic() - began:.0f} s; worst: {worst}")
    expected = chaos.contents(undisturbed.root)
    assert len(expected) > 20
    for disturbed in rounds:
        found = chaos.contents(disturbed.root)
        assert {name for name in expected | found if expected.get(name) != found.get(name)} == set()
        assert [path for path in (disturbed.root / "runs").rglob("*.part*")] == []
    assert max(kill.lost_s for kill in kills) < 60
