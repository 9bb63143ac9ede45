"""What the command lines of all packages share: one-line errors and exit statuses."""

import argparse
import sys
from collections.abc import Callable

from datasets.errors import InputError


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser whose usage errors are one line that names the remedy, with exit status 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        print(f"error: {message}; see '{self.prog} --help'", file=sys.stderr)
        raise SystemExit(2)


def run(main: Callable[[list[str]], int | None], arguments: list[str] | None = None) -> int:
    """Call `main(arguments)` and turn errors of input into one line on standard error and an exit status.

    Returns the exit status: 0, 2 (bad input, nothing done), 3 (part was done), or 130 (interrupted).
    """
    try:
        return main(sys.argv[1:] if arguments is None else arguments) or 0
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output left (`| head`); Python would complain again while closing the stream.
        sys.stderr.close()
        return 0
