"""Critics of one scale: patch critics whose score is averaged over all patches (paper, section 3.4.1).

The image critic judges frames one by one. The video critic judges the snippet as a whole with regular 3D convolutions;
the authors found separable ones unstable there (section 3.3.1).
"""

from itertools import pairwise

from torch import Tensor, nn

from sgif.execution import EXACT, Execution
from sgif.layers import Conv2d, Conv3d, conv_block


class Critic(nn.Module):
    """A stack of unpadded convolutions ending in one score a patch.

    Arguments:
        dimensions: 2 for the image critic, 3 for the video critic.
        channels, layers, kernel, norm, leak: as in `sgif.generators.Generator`.
    """

    def __init__(
        self,
        dimensions: int,
        channels: int,
        layers: int = 5,
        kernel: int = 3,
        norm: str = "batch",
        leak: float = 0.2,
    ) -> None:
        super().__init__()
        self.reach = layers * (kernel // 2)
        convolution = Conv2d if dimensions == 2 else Conv3d
        widths = [3] + [channels] * (layers - 1)
        body = [conv_block(convolution, a, b, kernel, norm, leak) for a, b in pairwise(widths)]
        self.net = nn.Sequential(*body, convolution(channels, 1, kernel))

    def forward(self, frames: Tensor, how: Execution = EXACT) -> Tensor:
        """Score map, float32 [T, 1, H - 2 reach, W - 2 reach], of frames [T, 3, H, W]; higher means more real."""
        return how.run(self.net, frames)
