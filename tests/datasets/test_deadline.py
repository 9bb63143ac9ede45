import threading

import pytest

from datasets.deadline import within


def test_hands_over_the_result_and_the_error():
    assert within(60, lambda: 7) == 7
    assert within(60, lambda: None) is None
    with pytest.raises(KeyError, match="x"):
        within(60, lambda: {}["x"])


def test_gives_up_on_a_call_that_does_not_return():
    released = threading.Event()
    try:
        with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
            within(0.05, released.wait)
        with pytest.raises(TimeoutError):
            within(-1, released.wait)
    finally:
        released.set()
