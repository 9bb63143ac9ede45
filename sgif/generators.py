"""Generators of one scale: a residual on the upsampled clip of the scale below (paper, equation 2).

Both map a padded, noisy clip to the residual and add the clip they refine:

    x_n = up(x_{n-1}) + tanh(net(pad(up(x_{n-1}) + amplitude * z)))

Five 3 x 3 layers reach 5 pixels to each side, so the caller pads by `net.reach` (SinGAN pads noise and image with
zeros outside the net; the border then tells the net where it is, which anchors the layout).
"""

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from sgif.execution import EXACT, Execution
from sgif.layers import Conv2d, Conv3d, SeparableConv3d, conv_block, stack_neighbours


class Generator(nn.Module):
    """A stack of `layers` convolutions, the last without norm.

    Attributes:
        reach: pixels that it sees to each side.
        sees_all: whether each pixel depends on the whole input, by the statistics of its norms.

    Arguments:
        dimensions: 3 sees all frames that its depth allows; 2 sees a frame and its `neighbours` on either side.
        channels: width of the hidden layers.
        layers: number of convolutions; the receptive field is 1 + layers * (kernel - 1) pixels.
        kernel: odd kernel size.
        separable: for 3 dimensions, split each kernel into space and time.
        neighbours: for 2 dimensions, frames on either side stacked on the channels (section 3.3.2); 0 is SinGAN's.
        time_padding: for 3 dimensions, what each layer sees beyond either end of the clip (`sgif.layers.pad_time`).
        norm: "batch", "instance" or "none" (`sgif.layers.conv_block`).
        leak: negative slope of the leaky ReLU.
    """

    def __init__(
        self,
        dimensions: int,
        channels: int,
        layers: int = 5,
        kernel: int = 3,
        separable: bool = True,
        neighbours: int = 1,
        time_padding: str = "zeros",
        norm: str = "batch",
        leak: float = 0.2,
    ) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.neighbours = 0 if dimensions == 3 else neighbours
        self.reach = layers * (kernel // 2)
        self.sees_all = norm == "instance"
        if dimensions == 2:
            convolution = Conv2d
        else:
            convolution = partial(SeparableConv3d if separable else Conv3d, padding=time_padding)
        widths = [3 * (2 * self.neighbours + 1)] + [channels] * (layers - 1)
        body = [conv_block(convolution, a, b, kernel, norm, leak) for a, b in pairwise(widths)]
        self.net = nn.Sequential(*body, convolution(channels, 3, kernel))

    def forward(self, noisy: Tensor, base: Tensor, how: Execution = EXACT) -> Tensor:
        """Refine a clip.

        Arguments:
            noisy: float [T, 3, H + 2 reach, W + 2 reach], the padded sum of base and scaled noise.
            base: float [T, 3, H, W], the upsampled clip of the scale below, zeros at the coarsest.
            how: number format and memory layout of the computation.

        Returns:
            float [T, 3, H, W]; not squashed, as in SinGAN: only the residual is.
        """
        return base + torch.tanh(how.run(self.net, stack_neighbours(noisy, self.neighbours)))
