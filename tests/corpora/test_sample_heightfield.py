import numpy as np
import pytest

from slr.corpora.sample.camera import Camera
from slr.corpora.sample.heightfield import FAR, Canvas, Part, occlusion, occlusion_margin, shade


def part(*rows, label: int = 1, blend: float = 0.0) -> Part:
    """Cones of rows x, y, z, r, x, y, z, r."""
    rows = np.array(rows, np.float32).reshape(-1, 2, 4)
    return Part(rows[..., :3], rows[..., 3], label, blend)


def heights_of(*rows, size: tuple[int, int]) -> np.ndarray:
    """(rows, columns) heights of cones drawn alone."""
    canvas = Canvas(*size)
    canvas.draw([part(*rows)])
    return canvas.height


def test_a_cone_without_length_is_a_sphere():
    heights = heights_of((20, 15, 5, 10, 20, 15, 5, 10), size=(30, 40))
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    under = 100.0 - (x - 20) ** 2 - (y - 15) ** 2
    assert ((heights > FAR) == (under > 0)).all()
    np.testing.assert_allclose(heights[under > 0], 5 + np.sqrt(under[under > 0]), atol=1e-3)


@pytest.mark.parametrize("cone", [(10, 10, 0, 6, 40, 30, 0, 6), (10, 10, 0, 6, 30, 25, 40, 6),
                                  (15, 30, -8, 8, 35, 8, 30, 5), (20, 20, 30, 7, 22, 20, 0, 7)])
def test_a_cone_is_the_front_of_the_spheres_along_its_axis(cone):
    heights = heights_of(cone, size=(40, 50))
    ((start, end),), ((start_radius, end_radius),) = part(cone)[:2]
    x, y = np.meshgrid(np.arange(50.0), np.arange(40.0))
    expected = np.full((40, 50), float(FAR))
    for t in np.linspace(0, 1, 2001):
        (cx, cy, cz), r = start + t * (end - start), start_radius + t * (end_radius - start_radius)
        under = r * r - (x - cx) ** 2 - (y - cy) ** 2
        expected = np.where(under > 0, np.maximum(expected, cz + np.sqrt(np.maximum(under, 0))), expected)
    inside = (expected > FAR) & (heights > FAR)
    assert ((expected > FAR) ^ (heights > FAR)).sum() <= 0.02 * inside.sum()  # rounding, at the rim
    np.testing.assert_allclose(heights[inside], expected[inside], atol=0.02)


def test_the_nearer_part_is_seen_and_what_lies_off_the_canvas_is_nothing():
    canvas = Canvas(40, 40)
    box = canvas.draw([
        part((20, 20, 0, 10, 20, 20, 0, 10), label=1), part((24, 20, 20, 4, 24, 20, 20, 4), label=2),
        part((24, 20, -20, 4, 24, 20, -20, 4), label=3), part((-90, -90, 0, 5, -80, -90, 0, 5), label=4),
    ])
    assert canvas.label[20, 24] == 2 and canvas.label[20, 12] == 1
    assert set(np.unique(canvas.label)) == {0, 1, 2}
    seen = np.zeros((40, 40), bool)
    seen[box] = True
    assert seen[canvas.height > FAR].all() and not seen.all()
    assert Canvas(40, 40).draw([part((-90, -90, 0, 5, -80, -90, 0, 5))]) is None


def test_parts_drawn_together_look_as_they_do_one_by_one():
    rng = np.random.default_rng(1)
    parts = [part(*rng.uniform((-5, -5, -20, 2) * 2, (65, 65, 20, 12) * 2, (n, 8)), label=n, blend=n - 1)
             for n in range(1, 6)]
    together, one_by_one = Canvas(60, 60), Canvas(60, 60)
    together.draw(parts)
    for one in parts:
        one_by_one.draw([one])
    np.testing.assert_array_equal(together.height, one_by_one.height)
    np.testing.assert_array_equal(together.label, one_by_one.label)


def test_blending_fills_the_crease_and_keeps_the_outline():
    balls = (14, 20, 0, 8, 14, 20, 0, 8), (26, 20, 0, 8, 26, 20, 0, 8)
    hard, smooth = Canvas(40, 40), Canvas(40, 40)
    hard.draw([part(*balls)])
    smooth.draw([part(*balls, blend=2.0)])
    assert smooth.height[20, 20] > hard.height[20, 20] + 1
    np.testing.assert_array_equal(hard.height > FAR, smooth.height > FAR)


def test_surfaces_towards_the_light_are_brighter():
    x = np.mgrid[:30, :30][1].astype(np.float32)
    facing_left, facing_right = (shade(slope * x)[1:-1, 1:-1] for slope in (0.5, -0.5))
    assert facing_left.min() > facing_right.max()  # the light comes from the upper left
    assert (shade(np.zeros((5, 5), np.float32)) > 0.5).all()


def test_a_near_surface_shades_what_is_just_behind_it():
    height = np.zeros((60, 60), np.float32)
    height[20:30, 20:30] = 15
    light = occlusion(height, reach=8)
    assert light[31, 31] < 0.95 and light[5, 55] == 1 and light[25, 25] == 1
    reached = np.zeros_like(height, bool)
    reached[20 - occlusion_margin(8):30 + occlusion_margin(8), 20 - occlusion_margin(8):30 + occlusion_margin(8)] = True
    assert (light[~reached] == 1).all()


def test_nearer_things_are_larger():
    camera = Camera(320, 330, (160, 130))
    near, far = (camera.project(np.array([[0.1, 0.2, z]]))[0][0] for z in (0.5, 0.0))
    assert abs(near[0] - 160) > abs(far[0] - 160) and near[1] < far[1] < 130
    np.testing.assert_allclose(far[:2], [160 + 33, 130 - 66], atol=1e-4)
    twice = camera.enlarged(2).project(np.array([[0.1, 0.2, 0.3]]))[0]
    np.testing.assert_allclose(twice, 2 * camera.project(np.array([[0.1, 0.2, 0.3]]))[0], rtol=1e-6)
