"""Progress of a training: a bar on a terminal, plain lines in a log."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

from sgif.config import Config
from sgif.cost import relative_costs
from sgif.pyramid import Scale

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Tells how far a training is; on a terminal with one bar a scale, elsewhere with a line every few seconds.

    Arguments:
        scales: all scales of the training.
        label: stands before each line.
        stream: where to write.
        config: of the training, for the time that the scales to come will take.
    """

    def __init__(self, scales: list[Scale], label: str, config: Config, stream: TextIO | None = None) -> None:
        self.scales = scales
        self.label = label
        self.stream = stream or sys.stderr
        self._costs = relative_costs(scales, config)
        self._bar: tqdm | None = None
        self._last = -SECONDS_BETWEEN_LINES

    def say(self, line: str) -> None:
        """One plain line."""
        if self._bar is not None:
            self._bar.clear()
        print(f"{self.label}: {line}", file=self.stream, flush=True)

    def update(self, values: dict[str, float]) -> None:
        """Take one log record of the trainer."""
        scale, iteration = self.scales[int(values["scale"])], int(values["iteration"])
        done = iteration == scale.iterations
        if self.stream.isatty():
            self._draw(scale, iteration, values)
            return
        if done or time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            pace = values["seconds"]
            self.say(
                f"{self._name(scale)} iteration {iteration}/{scale.iterations}, "
                f"reconstruction {values['reconstruction']:.3f}, {pace:.2f} s/iteration, "
                f"about {duration(self.seconds_left(scale, iteration, pace))} left"
            )

    def seconds_left(self, scale: Scale, iteration: int, pace: float) -> float:
        """Until the end of the last scale: `pace` seconds an iteration here, the others by their relative cost."""
        one = self._costs[scale.index] / scale.iterations
        to_come = sum(self._costs[scale.index + 1 :]) / one
        return pace * (scale.iterations - iteration + to_come)

    def _draw(self, scale: Scale, iteration: int, values: dict[str, float]) -> None:
        if self._bar is None:
            self._bar = tqdm(total=scale.iterations, desc=f"{self.label} {self._name(scale)}", file=self.stream)
        left = duration(self.seconds_left(scale, iteration, values["seconds"]))
        self._bar.set_postfix_str(f"reconstruction {values['reconstruction']:.3f}, all scales {left}", refresh=False)
        self._bar.update(iteration - self._bar.n)
        if iteration == scale.iterations:
            self._bar.close()
            self._bar = None

    def _name(self, scale: Scale) -> str:
        height, width = scale.size
        return f"scale {scale.index + 1}/{len(self.scales)} ({height}x{width}, {scale.dimensions}D)"


def duration(seconds: float) -> str:
    """As people say it: `40 s`, `12 min`, `3.2 h`, `4.1 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"
