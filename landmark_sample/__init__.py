"""A synthetic corpus of any size, reproducible from a seed.

Every landmark is a different building, every photo another view of one, and the label counts are long-tailed
as in the paper. `write_sample` renders the photos; `labels_without_pixels` yields only their list.

`weights/` has weights of a small network, trained on landmarks that the sample does not have: `--weights
sample` of jobs/train.py, for demos and tests without a download. `scripts/sample_weights.py` makes them.
"""

from landmark_sample.label_counts import labels_without_pixels, long_tailed_counts
from landmark_sample.odd_photos import Oddity, odd_photos
from landmark_sample.scene import Scene, design_scene
from landmark_sample.view import photo_chance, render_photo
from landmark_sample.write import SampleSettings, write_labels, write_sample

__all__ = [
    "Oddity",
    "SampleSettings",
    "Scene",
    "design_scene",
    "labels_without_pixels",
    "long_tailed_counts",
    "odd_photos",
    "photo_chance",
    "render_photo",
    "write_labels",
    "write_sample",
]
