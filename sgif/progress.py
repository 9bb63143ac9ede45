"""Progress of a training: a bar on a terminal, plain lines in a log."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

from sgif.pyramid import Scale

SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Tells how far a training is; on a terminal with one bar a scale, elsewhere with a line every few seconds."""

    def __init__(self, scales: list[Scale], label: str, stream: TextIO | None = None) -> None:
        self.scales = scales
        self.label = label
        self.stream = stream or sys.stderr
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
                f"{pace * (scale.iterations - iteration):.0f} s left at this scale"
            )

    def _draw(self, scale: Scale, iteration: int, values: dict[str, float]) -> None:
        if self._bar is None:
            self._bar = tqdm(total=scale.iterations, desc=f"{self.label} {self._name(scale)}", file=self.stream)
        self._bar.set_postfix(reconstruction=f"{values['reconstruction']:.3f}", refresh=False)
        self._bar.update(iteration - self._bar.n)
        if iteration == scale.iterations:
            self._bar.close()
            self._bar = None

    def _name(self, scale: Scale) -> str:
        height, width = scale.size
        return f"scale {scale.index + 1}/{len(self.scales)} ({height}x{width}, {scale.dimensions}D)"
