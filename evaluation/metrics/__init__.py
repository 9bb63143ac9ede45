"""The registry of metrics: what each measures, which way is better, and what it cannot see.

Role: one module a metric, pure functions of statistics or frames; this registry describes them for tables, reports and
readers.
Layer: above statistics; a metric reads no file and loads no network. Depends on: numpy; does not import torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """A number that tells something about generated clips.

    Attributes:
        name: key in metric files, cells and command lines.
        title: heading in tables and figures.
        unit: unit of the value; empty for a ratio.
        range: least and greatest possible value.
        direction: which way is better, or `none`.
        source: where it was defined.
        blind_to: what it cannot see, in words.
    """

    name: str
    title: str
    unit: str
    range: tuple[float, float]
    direction: Literal["lower", "higher", "none"]
    source: str
    blind_to: str


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            Metric(
                name="sgfid",
                title="SGFID",
                unit="squared feature distance",
                range=(0.0, float("inf")),
                direction="lower",
                source="SinGAN-GIF (Arora and Lee 2021), section 4; Heusel et al. 2017, equation 6",
                blind_to="order of frames, motion, where in the frame a feature is, copies of the training clip",
            ),
            Metric(
                name="diversity",
                title="Diversity",
                unit="",
                range=(0.0, float("inf")),
                direction="higher",
                source="SinGAN (Shaham et al. 2019), section 3; over voxels as in VGPNN (Haim et al. 2022)",
                blind_to="realism (noise scores high), and why samples differ: a mere translation counts",
            ),
            Metric(
                name="zero_displacement",
                title="Zero displacement",
                unit="",
                range=(0.0, 1.0),
                direction="lower",
                source="after SinFusion (Nikankin et al. 2023), section 5: nearest 3 x 3 x 3 patches",
                blind_to="realism (noise scores 0), and copies that were moved in space or time",
            ),
            Metric(
                name="frame_distance",
                title="Nearest frame",
                unit="",
                range=(0.0, float("inf")),
                direction="none",
                source="ours: RMSE to the nearest training frame over that of consecutive training frames",
                blind_to="order of frames, moved copies; large for noise as for new layouts",
            ),
            Metric(
                name="motion_energy",
                title="Motion energy",
                unit="",
                range=(0.0, float("inf")),
                direction="none",
                source="ours: mean squared frame difference over the real clip's; 1 is best",
                blind_to="direction and coherence of motion: flicker counts as motion",
            ),
            Metric(
                name="colour_distance",
                title="Colour distance",
                unit="grey levels",
                range=(0.0, float("inf")),
                direction="lower",
                source="SinGAN-GIF (Arora and Lee 2021), section 3.3.3: mean and deviation of each channel",
                blind_to="where colours are, texture, motion",
            ),
            Metric(
                name="contrast",
                title="Contrast",
                unit="",
                range=(0.0, float("inf")),
                direction="none",
                source="ours: deviation of grey over the real clip's; 1 is best, and diversity grows with it",
                blind_to="everything but the spread of grey values",
            ),
        )
    }
)
