"""A data set of rendered landmarks, small enough for a test and hard enough to tell learning from chance."""

from functools import cache

from report_datasets import ids_of, write_dataset

from landmark_lib.images.square import centre_square
from landmark_sample import design_scene, photo_chance, render_photo

SEED = 7  # neither that of the sample nor that of its weights
LANDMARKS, PHOTOS, HELD_OUT = 8, 24, 8
CHANCE = 1 / LANDMARKS


@cache
def render(image_id, landmark_id):
    """Return a photo of a landmark, as preprocessing leaves it."""
    picture = render_photo(design_scene(SEED, landmark_id), 300, photo_chance(SEED, image_id))
    return centre_square(picture, picture.size, 250)


def render_another(image_id, _):
    """Return a photo of a landmark that has nothing to do with the label: labels are shuffled."""
    number = int(image_id.partition("-")[2])
    return render(image_id, f"landmark {number % LANDMARKS}")


def write_rendered_dataset(root, draw=render):
    """Write the data set; `draw` makes a photo from its id and its label."""
    ids = {f"landmark {number}": ids_of(number, PHOTOS) for number in range(LANDMARKS)}
    trained = PHOTOS - HELD_OUT
    return write_dataset(
        *(root, ids),
        draw=draw,
        hold_out=HELD_OUT,
        target=trained,
        cutoff=trained,
        ensemble_size=1,
        rows_per_group=8,
    )
