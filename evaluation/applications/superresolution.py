"""Super-resolution, judged: the clip was shrunk, trained on, and enlarged again, beside bicubic enlargement.

What the clip itself looks like is held out: training sees the small one only. SGFID asks for details like the clip's,
PSNR and SSIM for its own. A net that invents details cannot have the best PSNR, so 2 dB less than bicubic are allowed.

    PSNR = 10 log10( 255^2 / mean squared difference )          SSIM: Wang et al. 2004, on luma, Gaussian of 1.5 pixels
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.clip import Clip
from datasets.encode import contact_sheet
from datasets.resize import resize_frames
from evaluation.applications.score import Scorer
from evaluation.applications.verdict import Measure, Shown, Verdict
from evaluation.metrics.diversity import grey

if TYPE_CHECKING:
    from evaluation.encoders.encoder import Encoder

MOST_LOSS = 2.0
"""dB of PSNR that details may cost."""
_ZOOM = 3
"""The contact sheet shows a part of so many times shorter sides, too."""


def peak_signal_to_noise(frames: np.ndarray, real: np.ndarray) -> float:
    """PSNR in dB of uint8 frames against others of their shape; infinite for equal ones."""
    error = float(((frames.astype(np.float64) - real) ** 2).mean())
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def structural_similarity(frames: np.ndarray, real: np.ndarray) -> float:
    """Mean SSIM of the luma of uint8 frames [T, H, W, 3] against others of their shape: in [-1, 1], of equal ones 1."""
    from scipy.ndimage import gaussian_filter

    def mean(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, 1.5, truncate=3.5)

    (least, some), found = ((0.01 * 255) ** 2, (0.03 * 255) ** 2), []
    for x, y in zip(grey(frames), grey(real), strict=True):
        a, b = mean(x), mean(y)
        spread, other, both = mean(x * x) - a * a, mean(y * y) - b * b, mean(x * y) - a * b
        found.append(
            ((2 * a * b + least) * (2 * both + some) / ((a * a + b * b + least) * (spread + other + some))).mean()
        )
    return float(np.mean(found))


def judge(real: Clip, made: Mapping[str, Clip], about: Mapping[str, Any], encoder: "Encoder") -> Verdict:
    """Judge what `sgif.apps.superresolution.gallery` made.

    Args:
        real: the clip, of the enlarged one's size or larger by less than the factor: then its last rows and columns
            were cut off before it was shrunk.
        made: `small`, the clip that was trained on, and `large`.
        about: has `factor`.
        encoder: of SGFID.
    """
    small, large = made["small"].frames, made["large"].frames
    height, width = large.shape[1:3]
    held_out = np.ascontiguousarray(real.frames[: len(large), :height, :width])
    bicubic, score = resize_frames(small, height, width), Scorer(held_out, encoder)
    (psnr, before), (ssim, ssim_before) = (
        [measure(frames, held_out) for frames in (large, bicubic)]
        for measure in (peak_signal_to_noise, structural_similarity)
    )
    factor = int(about["factor"])
    rows = [
        ("the clip", held_out), (f"shrunk {factor} times,\nthen bicubic", bicubic), ("super-resolution", large),
    ]  # fmt: skip
    return Verdict(
        measures=[
            Measure("sgfid", "SGFID to the held-out clip", score(large), "bicubic", score(bicubic)),
            Measure("psnr_loss", "PSNR, dB below bicubic's", before - psnr, better="within", limit=MOST_LOSS),
            Measure("ssim", "SSIM", ssim, "bicubic", ssim_before, "higher"),
        ],
        sheet=contact_sheet([(label, _closer(frames)) for label, frames in rows], frames_per_row=3, text_height=10),
        shown=[Shown(label.replace("\n", " "), frames) for label, frames in rows],
        delays_ms=real.delays_ms[: len(large)].tolist(),
        notes=[f"PSNR {psnr:.2f} dB, of bicubic {before:.2f} dB; from {small.shape[1]}x{small.shape[2]} pixels."],
    )


def _closer(frames: np.ndarray) -> np.ndarray:
    """First and last frame whole, and the middle of the first at `_ZOOM` times the size."""
    height, width = frames.shape[1:3]
    top, left = height // 3, width // 3
    middle = frames[:1, top : top + height // _ZOOM, left : left + width // _ZOOM]
    return np.concatenate([frames[[0, -1]], resize_frames(middle, height, width)])
