"""The synthetic scenes: functions of seed, position and time, that look textured and move as such scenes move."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from datasets.errors import InputError
from datasets.synthetic import SCENES, STEP, VERSION, night, render
from datasets.synthetic.colour import decode, encode, ramp, rgb, smoothstep, tone
from datasets.synthetic.noise import billow, cells, derive, fbm, noise, ridge, scatter, uniform
from datasets.synthetic.terrain import look, slopes, sunlight

HEIGHT, WIDTH, FRAMES = 48, 85, 6


@cache
def frames(scene_id: str, height: int = HEIGHT, width: int = WIDTH, count: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Frames of a scene, float32 [T, H, W, 3] in [0, 255]; not to be changed."""
    return render(scene_id, height=height, width=width, frames=count, seed=seed).frames.astype(np.float32)


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def moving_part(clip: np.ndarray) -> np.ndarray:
    """Brightness without what stands still: [T, H, W, 3] to [T, H, W]."""
    grey = clip.mean(axis=-1)
    return grey - grey.mean(axis=0)


def matches(clip: np.ndarray, axis: int, most: int) -> dict[int, float]:
    """How well the moving part of frames [T, H, W, 3] agrees with the frame before, moved by up to ±`most` pixels.

    Axis 0 is down, 1 is right. Returns the correlation for every displacement.
    """
    grey = moving_part(clip)
    size = grey.shape[axis + 1]
    found = {}
    for offset in range(-most, most + 1):
        before = np.take(grey[:-1], range(max(-offset, 0), size - max(offset, 0)), axis=axis + 1)
        after = np.take(grey[1:], range(max(offset, 0), size - max(-offset, 0)), axis=axis + 1)
        found[offset] = correlation(before, after)
    return found


def shift(clip: np.ndarray, axis: int, most: int) -> int:
    """By how many pixels the moving part is displaced from frame to frame."""
    found = matches(clip, axis, most)
    return max(found, key=found.__getitem__)


class TestEveryScene:
    @pytest.mark.parametrize("scene_id", SCENES)
    def test_is_a_synthetic_clip(self, scene_id):
        clip = render(scene_id, height=11, width=14, frames=3, seed=5, delay_ms=80)
        assert clip.frames.shape == (3, 11, 14, 3)
        assert clip.frames.dtype == np.uint8
        assert clip.delays_ms.tolist() == [80, 80, 80]
        assert clip.source == {"kind": "synthetic", "id": scene_id, "seed": 5, "version": VERSION}

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_same_seed_same_bytes_and_a_longer_clip_begins_with_the_shorter_one(self, scene_id):
        short = render(scene_id, height=12, width=15, frames=2, seed=3)
        long = render(scene_id, height=12, width=15, frames=4, seed=3, delay_ms=50)
        np.testing.assert_array_equal(long.frames[:2], short.frames)
        assert not np.array_equal(long.frames[2], long.frames[1])

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_another_seed_is_another_place(self, scene_id):
        first, second = frames(scene_id, 25, 25, 1, 0), frames(scene_id, 25, 25, 1, 1)
        assert np.abs(first - second).mean() > 5

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_another_size_is_the_same_place(self, scene_id):
        small = frames(scene_id)[0]
        large = render(scene_id, height=2 * HEIGHT, width=2 * WIDTH, frames=1).frames.astype(np.float32)
        averaged = large.reshape(HEIGHT, 2, WIDTH, 2, 3).mean(axis=(1, 3))
        assert correlation(small, averaged) > 0.98
        assert np.abs(small - averaged).mean() < 4

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_a_wider_picture_only_shows_more(self, scene_id):
        wide = render(scene_id, height=25, width=45, frames=1).frames
        np.testing.assert_allclose(wide[:, :, 10:35], frames(scene_id, 25, 25, 1, 0), atol=1)

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_moves_but_does_not_flicker(self, scene_id):
        clip = frames(scene_id)
        step = np.abs(np.diff(clip, axis=0)).mean()
        assert step > 2.0
        # Nearby frames are more alike than distant ones ...
        assert step < np.abs(clip[5:] - clip[:-5]).mean()
        # ... and far more alike than frames whose pixels have been shuffled.
        pixels = clip[0].reshape(-1, 3)
        shuffled = np.random.default_rng(0).permutation(pixels)
        assert step < 0.4 * np.abs(shuffled - pixels).mean()

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_moves_steadily(self, scene_id):
        steps = np.abs(np.diff(frames(scene_id), axis=0)).mean(axis=(1, 2, 3))
        assert steps.max() < 2 * steps.min()

    @pytest.mark.parametrize("scene_id", SCENES)
    def test_has_colour_contrast_and_texture(self, scene_id):
        clip = frames(scene_id)
        assert clip.std() > 25
        assert np.ptp(clip, axis=-1).mean() > 10
        # Hardly any 4x4 block is flat, and hardly any pixel is burnt out.
        blocks = clip[0, :48, :84].reshape(12, 4, 21, 4, 3).std(axis=(1, 3)).mean(axis=-1)
        assert np.mean(blocks < 0.5) < 0.05
        assert np.mean(clip.min(axis=-1) >= 254) < 0.05

    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (40, 1), (9, 13)])
    def test_odd_sizes(self, height, width):
        for scene_id in SCENES:
            clip = render(scene_id, height=height, width=width, frames=1)
            assert clip.frames.shape == (1, height, width, 3)

    @pytest.mark.parametrize("scene_id", ["birds", "desert", "sunset"])
    def test_bands_do_not_show(self, scene_id, monkeypatch):
        whole = frames(scene_id, 25, 25, 1, 0)
        monkeypatch.setattr("datasets.synthetic._BAND", 7 * 25 * 8 * 8)
        np.testing.assert_allclose(render(scene_id, height=25, width=25, frames=1).frames, whole, atol=1)


class TestMotion:
    def test_the_water_falls(self):
        for seed in range(2):
            clip = frames("waterfall", seed=seed)
            busy = np.convolve(moving_part(clip)[:, 16:36].std(axis=(0, 1)), np.ones(16), mode="valid")
            left = int(busy.argmax())
            assert shift(clip[:, 16:36, left : left + 16], axis=0, most=4) in (2, 3)

    @pytest.mark.parametrize("scene_id", ["clouds", "cliff", "birds"])
    def test_the_clouds_drift_sideways(self, scene_id):
        sky = frames(scene_id)[:, :15]
        assert abs(shift(sky, axis=1, most=6)) in (1, 2, 3, 4)
        assert max(matches(sky, 1, 4).values()) > max(matches(sky, 0, 4).values()) + 0.1

    def test_birds_fly_with_the_wind(self):
        for seed in range(2):
            clip = frames("birds", seed=seed)
            # The birds are the only dark things in the sky.
            sky = clip[:, :34].max(axis=-1, keepdims=True)
            dark = np.minimum(sky, 110)
            assert np.mean(sky < 110) > 0.002
            assert shift(dark, axis=1, most=6) * shift(clip[:, :15], axis=1, most=6) > 0

    def test_the_sun_sinks(self):
        for seed in range(3):
            clip = frames("sunset", seed=seed)
            sky = clip[:, : int(0.6 * HEIGHT)].min(axis=-1)
            rows = np.arange(sky.shape[1])[None, :, None]
            weight = np.maximum(sky - np.quantile(sky, 0.98), 0)
            centre = (weight * rows).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
            assert centre[-1] - centre[0] > 1

    def test_the_stars_turn_about_the_pole(self):
        seed = 1
        clip = frames("night", 96, 160, 2, seed)[..., :].mean(axis=-1)
        pole_y, pole_x = night.pole(derive(seed, "night"))
        rows, columns = np.mgrid[:60, 10:150]
        down, right = (rows + 0.5) / 96 - pole_y, (columns + 0.5 - 80) / 96 - pole_x

        def turned(angle: float) -> float:
            """How well the first frame, turned by `angle`, explains the second."""
            sine, cosine = np.sin(angle), np.cos(angle)
            row = (cosine * down + sine * right + pole_y) * 96 - 0.5
            column = (cosine * right - sine * down + pole_x) * 96 + 80 - 0.5
            inside = (row > 0) & (row < 59) & (column > 0) & (column < 159)
            guess = map_coordinates(clip[0], [row, column], order=1)
            return correlation(guess[inside], clip[1, :60, 10:150][inside])

        angle = night.TURNING * STEP
        assert turned(angle) > 0.7
        assert turned(angle) > turned(0) + 0.2
        assert turned(angle) > turned(-angle) + 0.2

    def test_the_river_runs_towards_the_viewer(self):
        for seed in range(2):
            assert shift(frames("river", seed=seed)[:, 24:, 30:55], axis=0, most=4) in (1, 2, 3)

    def test_waves_run_in_to_the_beach(self):
        for seed in range(2):
            assert shift(frames("seashore", seed=seed)[:, 8:30, 15:70], axis=0, most=4) in (1, 2)

    def test_sand_and_clouds_blow_across_the_desert(self):
        clip = frames("desert", count=8)
        assert shift(clip[:, :16], axis=1, most=6) in (1, 2, 3)
        assert shift(clip[:, 30:], axis=1, most=6) > 0


class TestBadInput:
    def test_an_unknown_scene_names_the_nearest(self):
        with pytest.raises(InputError, match="waterfal: unknown scene; did you mean waterfall"):
            render("waterfal")

    @pytest.mark.parametrize("key", ["height", "width", "frames", "delay_ms"])
    @pytest.mark.parametrize("value", [0, -3, 2**40])
    def test_numbers_out_of_range(self, key, value):
        with pytest.raises(InputError, match=f"^{key}: {value} is out of range"):
            render("clouds", **{key: value})

    def test_a_negative_seed(self):
        with pytest.raises(InputError, match=r"^seed: -1 is negative"):
            render("clouds", seed=-1)

    @pytest.mark.parametrize("size", [{"height": 5000, "width": 5000}, {"height": 4096, "width": 4096, "frames": 17}])
    def test_too_many_pixels(self, size):
        with pytest.raises(InputError, match="too many pixels"):
            render("clouds", **size)


class TestNoise:
    grid = (np.arange(300, dtype=np.float32)[:, None] * 0.173, np.arange(300, dtype=np.float32)[None] * 0.171)

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_spread_is_the_same_in_every_dimension(self, dimensions):
        points = (*self.grid, 0.4 * self.grid[0] + 0.3 * self.grid[1])[-dimensions:]
        value = noise(7, *points)
        assert value.dtype == np.float32
        assert abs(value.mean()) < 0.05
        assert 0.25 < value.std() < 0.45
        assert np.abs(value).max() < 1.3

    @pytest.mark.parametrize("dimensions", [1, 2, 3])
    def test_vanishes_on_the_lattice_and_is_smooth(self, dimensions):
        whole = np.random.default_rng(0).integers(-50, 50, (dimensions, 200)).astype(np.float32)
        np.testing.assert_array_equal(noise(3, *whole), 0)
        # Across lattice lines too, a small step is a small change.
        line = np.linspace(-4, 4, 40001, dtype=np.float32)
        value = noise(3, *[line + 0.37 * d for d in range(dimensions)])
        assert np.abs(np.diff(value)).max() < 3e-3

    @settings(deadline=None, max_examples=20)
    @given(st.integers(0, 2**63), st.floats(-100, 100), st.floats(-100, 100))
    def test_is_a_function_of_seed_and_position_alone(self, seed, y, x):
        ys, xs = np.float32([y, -3.3, 7.1]), np.float32([x, 2.2, -9.7])
        table = noise(seed, ys[:, None], xs[None])
        for i in range(3):
            for j in range(3):
                # Vector instructions may round differently from one length of array to the next.
                assert noise(seed, ys[i], xs[j])[0] == pytest.approx(table[i, j], abs=1e-6)

    @pytest.mark.parametrize("shape", [ridge, billow])
    def test_fractal_noise_stays_within_about_one(self, shape):
        value = fbm(1, *self.grid, octaves=6, shape=shape)
        assert np.abs(value).max() < 2.3
        assert abs(value.mean()) < 0.4

    def test_octaves_add_fine_detail_only(self):
        y, x = self.grid[0] * 0.1, self.grid[1] * 0.1
        coarse, fine = fbm(1, y, x, octaves=2), fbm(1, y, x, octaves=6)
        assert correlation(coarse, fine) > 0.9
        assert np.abs(np.diff(fine, axis=0)).mean() > 1.2 * np.abs(np.diff(coarse, axis=0)).mean()

    def test_seeds_are_independent(self):
        assert abs(correlation(noise(1, *self.grid), noise(2, *self.grid))) < 0.05
        assert abs(correlation(noise(1, *self.grid), noise(derive(1, "other"), *self.grid))) < 0.05

    def test_cells(self):
        nearest, second, up, label = cells(4, *self.grid)
        assert np.all(nearest <= second)
        assert np.all(np.abs(up) <= nearest + 1e-6)
        assert nearest.max() < np.sqrt(2)
        assert label.min() >= 0
        assert label.max() < 1
        # One number a cell: as many numbers as points, about one a unit of area.
        area = np.ptp(self.grid[0]) * np.ptp(self.grid[1])
        assert 0.9 * area < len(np.unique(label)) < 1.2 * area

    @settings(deadline=None)
    @given(st.integers(0, 2**64), st.text(max_size=8))
    def test_uniform_stays_in_range(self, seed, name):
        assert 2 <= uniform(seed, name, 2, 3) < 3
        assert 0 <= derive(seed, name) < 2**32

    def test_scatter_is_uniform(self):
        numbers = scatter(9, np.arange(-5000, 5000))
        assert np.all(np.abs(np.histogram(numbers, bins=10, range=(0, 1))[0] - 1000) < 150)
        assert abs(correlation(numbers[1:], numbers[:-1])) < 0.05
        assert scatter(9, np.array(3)) == numbers[5003]


class TestColour:
    def test_srgb_round_trip(self):
        levels = np.arange(256) / 255
        np.testing.assert_allclose(encode(decode(levels)), levels, atol=1e-6)
        np.testing.assert_allclose(rgb("#808080"), 0.21586, atol=1e-5)

    def test_tone_keeps_order_and_never_burns_out(self):
        light = np.linspace(-1, 8, 1000)
        value = tone(light)
        assert np.all(np.diff(value) >= 0)
        assert value[0] == 0 and value[-1] < 1
        np.testing.assert_allclose(tone(light[(light > 0) & (light < 0.6)]), light[(light > 0) & (light < 0.6)])

    def test_ramp_and_smoothstep(self):
        colours = ramp(np.float32([-1, 0, 0.5, 1, 2]), (0, "#000000"), (1, "#ffffff"))
        np.testing.assert_allclose(colours[:, 0], [0, 0, 0.5, 1, 1], atol=1e-6)
        np.testing.assert_allclose(smoothstep(0, 2, np.float32([-1, 0, 1, 2])), [0, 0, 0.5, 1])
        np.testing.assert_allclose(smoothstep(2, 0, np.float32([-1, 0, 1, 3])), [1, 1, 0.5, 0])


class TestTerrain:
    y = ((np.arange(60, dtype=np.float32) + 0.5) / 60)[:, None]
    x = ((np.arange(40, dtype=np.float32) - 19.5) / 60)[None]

    def test_a_plain_is_where_the_formula_says(self):
        ground = look(lambda depth, across: 0 * (depth + across), self.y, self.x, horizon=0.4, eye=2.0, near=2, far=90)
        expected = np.broadcast_to(2.0 / np.where(self.y > 0.4, self.y - 0.4, np.nan), ground.depth.shape)
        within = expected < 90
        np.testing.assert_array_equal(ground.seen, within)
        np.testing.assert_allclose(ground.depth[within], expected[within], rtol=2e-3)
        np.testing.assert_allclose(ground.height[within], 0, atol=5e-3)
        np.testing.assert_allclose(ground.across, ground.depth * self.x, rtol=1e-6)

    def test_a_wall_hides_what_is_behind_it(self):
        def wall(depth, across):
            return np.where(depth > 10, 3.0, 0.0) + 0 * across

        ground = look(wall, self.y, self.x, horizon=0.4, eye=2.0, near=1, far=50, slices=2000)
        top = 0.4 + (2.0 - 3.0) / 10
        assert not ground.seen[self.y[:, 0] < top - 0.02].any()
        facing = (self.y[:, 0] > top + 0.01) & (self.y[:, 0] < 0.4 + 2.0 / 10 - 0.01)
        np.testing.assert_allclose(ground.depth[facing], 10, rtol=5e-3)

    def test_slopes_and_light_of_a_ramp(self):
        def plane(depth, across):
            return 0.05 * depth - 0.2 * across

        ground = look(plane, self.y[40:], self.x, horizon=0.4, eye=2.0, near=1, far=50)
        along, across = slopes(plane, ground, 0.01)
        np.testing.assert_allclose(along, 0.05, atol=1e-3)
        np.testing.assert_allclose(across, -0.2, atol=1e-3)
        # Light along the normal is full, light from behind the surface is none.
        np.testing.assert_allclose(sunlight(along, across, (-0.05, 0.2, 1.0)), 1, atol=1e-3)
        np.testing.assert_allclose(sunlight(along, across, (0.05, -0.2, -1.0)), 0, atol=1e-3)
