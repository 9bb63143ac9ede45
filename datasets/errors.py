"""Errors that are somebody's bad input, not our bug: one line that names the file or key, and the remedy."""


class InputError(Exception):
    """Something from outside is unusable. The message is one line: what is wrong with which file or key, and what
    to do about it. Command lines print it as ``error: …`` and exit with status 2 (nothing was done)."""

    exit_status = 2


class PartialError(InputError):
    """Part of the work was done; the message lists what was left out. Command lines exit with status 3."""

    exit_status = 3
