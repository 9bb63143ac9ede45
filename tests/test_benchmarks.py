"""Benchmarks compare like with like: the naive variants compute the same values."""

import importlib.util
from pathlib import Path

import pytest
import torch

from sgif.layers import Conv3d, SeparableConv3d, initialise

PATH = Path(__file__).resolve().parents[1] / "benchmarks" / "training_step.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("training_step", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("layer", [Conv3d, SeparableConv3d])
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_the_naive_layers_give_our_values(benchmark, layer, padding):
    net = layer(3, 4, padding=padding).double()
    initialise(net, torch.Generator().manual_seed(0))
    x = torch.randn(5, 3, 7, 8, dtype=torch.double, generator=torch.Generator().manual_seed(1))
    ours = net(x)
    with benchmark.naive():
        theirs = net(x)
    torch.testing.assert_close(ours, theirs)
    assert torch.equal(net(x), ours)  # and the patch is gone again


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_naive_step_sees_the_same_losses(benchmark, dimensions):
    losses = []
    for naive in (False, True):
        training = benchmark.make_training((26, 27), dimensions, penalty_crop=1.0)
        if naive:
            with benchmark.naive():
                losses.append(training.step())
        else:
            losses.append(training.step())
    for name, value in losses[0].items():
        torch.testing.assert_close(losses[1][name], value, rtol=1e-3, atol=1e-4)


def test_turns_alternate(benchmark):
    order = []
    medians = benchmark.in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2)
    assert order == list("ababab") and set(medians) == {"a", "b"}
