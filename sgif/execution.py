"""How nets are computed, apart from what they compute: number format, memory layout, recomputation."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sgif.config import SpeedConfig


@dataclass(frozen=True)
class Execution:
    """One way to run a net.

    Attributes:
        dtype: of activations and of weights as they enter a convolution. Weights themselves, running statistics, losses
            and whatever a net returns stay float32; norms take their statistics in float32.
        channels_last: memory layout. A CPU's convolutions are fastest with it.
        recompute: keep only the inputs of a net's blocks for the backward pass, and compute the rest again there.
    """

    dtype: torch.dtype = torch.float32
    channels_last: bool = True
    recompute: bool = False

    def run(self, net: nn.Sequential, x: Tensor) -> Tensor:
        """`net(x)` in float32."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        x = x.to(self.dtype).contiguous(memory_format=layout)
        if not (self.recompute and torch.is_grad_enabled()):
            return net(x).float()
        for block in net:
            x = checkpoint(block, x, use_reentrant=False, context_fn=lambda block=block: _second_time(block))
        return x.float()

    def exact(self) -> "Execution":
        """The same in float32."""
        return replace(self, dtype=torch.float32)


EXACT = Execution()
"""As everything is computed outside of training."""


def choose_precision(wanted: str, device: torch.device) -> str:
    """`auto` as what it means on this device: bfloat16 where there are matrix units for it, else float32."""
    if wanted != "auto":
        return wanted
    if device.type == "cpu":
        fast = bool(torch.cpu.get_capabilities().get("amx_bf16", False))
    else:
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bfloat16" if fast else "float32"


def execution_of(speed: SpeedConfig, precision: str, device: torch.device) -> Execution:
    """How a training with this config computes on this device, `precision` being what `choose_precision` said."""
    return Execution(
        dtype=torch.bfloat16 if precision == "bfloat16" else torch.float32,
        channels_last=speed.channels_last or device.type == "cpu",
        recompute=speed.recompute,
    )


def _second_time(block: nn.Module) -> tuple[AbstractContextManager[object], AbstractContextManager[object]]:
    """Contexts of a block's first and further forward passes: only the first may move running statistics."""
    return nullcontext(), _Untracked(block)


class _Untracked:
    """Within: the block's norms leave their running statistics alone. May be entered again."""

    def __init__(self, block: nn.Module) -> None:
        self.norms = [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)]

    def __enter__(self) -> None:
        for norm in self.norms:
            norm.track_running_stats = False

    def __exit__(self, *_: object) -> None:
        for norm in self.norms:
            norm.track_running_stats = norm.running_mean is not None
