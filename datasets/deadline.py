"""Deadlines: a call that must not take longer than it may, whatever it waits for."""

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """The result of `call()`, or TimeoutError after `seconds`.

    The call runs in a thread of its own, because some waits cannot be given a timeout (name resolution) and others can
    be drawn out byte by byte. A thread that came too late is left behind; it does not keep the program from ending.
    """
    outcome: list[tuple[bool, object]] = []

    def run() -> None:
        try:
            outcome.append((True, call()))
        except BaseException as error:  # handed over to the caller, who is waiting for it
            outcome.append((False, error))

    thread = threading.Thread(target=run, daemon=True, name="within")
    thread.start()
    thread.join(max(seconds, 0))
    if not outcome:
        raise TimeoutError(f"no answer within {seconds:g} s")
    succeeded, value = outcome[0]
    if not succeeded:
        raise value  # type: ignore[misc]
    return value  # type: ignore[return-value]
