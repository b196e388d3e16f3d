"""Photos of a landmark differ in size, light and position, and colours do not identify it."""

import numpy as np
import pytest

from landmark_sample.camera import canvas_corners, frame_shot, perspective_coefficients
from landmark_sample.scene import design_scene
from landmark_sample.view import photo_chance, render_photo

LANDMARKS, PHOTOS = 8, 12


@pytest.fixture(scope="module")
def photos():
    """Photos of 300 pixels by landmark."""
    return [
        [render_photo(design_scene(0, str(k)), 300, photo_chance(0, f"{k}-{i}")) for i in range(PHOTOS)]
        for k in range(LANDMARKS)
    ]


def test_sizes_are_within_bounds_and_all_orientations_occur():
    scene = design_scene(0, "1")
    shots = [frame_shot(scene, 2_000, photo_chance(0, str(i))) for i in range(300)]
    sides = [(shot.width, shot.height) for shot in shots]
    assert min(map(min, sides)) >= 300
    assert max(map(max, sides)) <= 2_000
    assert {np.sign(width - height) for width, height in sides} == {-1, 0, 1}
    assert 0.5 < np.mean([max(side) < 1_200 for side in sides]) < 0.9


def test_longest_side_bounds_the_photos(photos):
    assert max(max(photo.size) for row in photos for photo in row) <= 534  # 300 on the shorter of 9:16


def test_perspective_maps_the_photos_corners_to_the_canvas():
    scale, scene = 80.0, design_scene(0, "2")
    shot = frame_shot(scene, 2_000, photo_chance(0, "x"))
    a, b, c, d, e, f, g, h = perspective_coefficients(shot, scene, scale, (7, 11))
    left, top = canvas_corners(scene)[3]
    for corner in canvas_corners(scene):
        x, y = (place - start for place, start in zip(shot.project(corner), (7, 11), strict=True))
        below = g * x + h * y + 1
        assert (a * x + b * y + c) / below == pytest.approx((corner[0] - left) * scale, abs=1e-6)
        assert (d * x + e * y + f) / below == pytest.approx((top - corner[1]) * scale, abs=1e-6)


def test_same_arguments_render_the_same_photo(photos):
    again = render_photo(design_scene(0, "3"), 300, photo_chance(0, "3-5"))
    assert again.tobytes() == photos[3][5].tobytes()


def test_no_two_photos_of_a_landmark_are_the_same(photos):
    for row in photos:
        assert len({photo.tobytes() for photo in row}) == PHOTOS


def test_nearest_colour_histogram_is_mostly_wrong(photos):
    histograms = np.stack([colour_histogram(photo) for row in photos for photo in row])
    labels = np.repeat(np.arange(LANDMARKS), PHOTOS)
    distances = np.abs(histograms[:, None] - histograms[None]).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    accuracy = (labels[distances.argmin(axis=1)] == labels).mean()
    assert accuracy < 0.45


def colour_histogram(photo):
    """Shares of the 8 x 8 x 8 boxes of the RGB cube; (512,)."""
    boxes = np.asarray(photo).reshape(-1, 3) // 32 @ np.array([64, 8, 1])
    return np.bincount(boxes, minlength=512) / len(boxes)
