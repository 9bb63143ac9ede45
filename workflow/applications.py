"""The applications of section 5, as data: what each is trained for, and what the page says of it.

What makes them is `sgif/apps`, what judges them `evaluation/applications`, a module each of the same name; neither
package may import the other. `workflow/scripts/apply.py` and `judge_application.py` say which functions those are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from datasets.names import pick


@dataclass(frozen=True)
class Application:
    """One application.

    Attributes:
        name: on command lines, in paths; a module of that name makes it, another judges it.
        title: of its section on the page.
        section: of the paper.
        about: what is done, in a sentence or two.
        task: of its training (`sgif.tasks`); `sample` needs none of its own, unless its clip is another.
        factor: of that task, where it takes one.
        frames: it is trained on so many of the clip's first frames; None for all.
        shrink: it is trained on the clip with sides so many times as short.
    """

    name: str
    title: str
    section: str
    about: str
    task: str = "sample"
    factor: int | None = None
    frames: int | None = None
    shrink: int = 1


APPLICATIONS: Mapping[str, Application] = MappingProxyType(
    {
        application.name: application
        for application in (
            Application(
                "sizes",
                "Other sizes and aspect ratios",
                "5.1",
                "Noise of another size gives a sample of another size. Measured at twice the width, against the clip "
                "stretched to it.",
            ),
            Application(
                "slowmo",
                "Slow motion",
                "5.2",
                "Noise on a path through the frames; twice as many are generated, and every other one is compared with "
                "the clip as a clip. Measured against showing each frame twice, and against blending neighbours.",
                task="slowmo",
                factor=2,
            ),
            Application(
                "lengthen",
                "Lengthening",
                "5.3",
                "Samples twice and four times as long. Measured against a loop of the clip: whether it repeats, "
                "and whether it stays what it was.",
                frames=8,
            ),
            Application(
                "compose",
                "Seamless composition",
                "5.4",
                "The clip is shifted, or a part of it pasted beside itself; it enters above the coarse generators and "
                "goes through the others twice, and what was near the seam is taken from that. Measured against the "
                "edit as it is.",
            ),
            Application(
                "superres",
                "Super-resolution",
                "5.5",
                "Trained on the clip at half its size; the finest generator, again and again, enlarges it to its own. "
                "Measured against bicubic enlargement, by the clip that was held out.",
                task="superres",
                factor=2,
                shrink=2,
            ),
            Application(
                "animate",
                "Motion transfer",
                "5.6",
                "A still image, repeated over time, enters at the second coarsest scale: a frame of the clip, and one "
                "of a random sample. Measured against the still image, and against the clip's motion at other places.",
            ),
        )
    }
)


def find_application(name: str) -> Application:
    """The application of this name.

    Raises:
        InputError: there is none; the nearest is named.
    """
    return pick(APPLICATIONS, name, "application")
