"""A network of four convolutions, for tests of everything but the network.

TensorFlow traces each layer of a network several times per training, which takes seconds for those of
keras.applications: the smallest has 86 layers. This one stands beside them and is trained by the same code.
`python small_network.py …` is jobs/train.py with it, and `python small_network.py JOB.py …` another job.
"""

import runpy
import sys
from pathlib import Path

from landmark_lib.surroundings import quick_import

NAME = "SmallNet"
OPTIONS = ("--backbone", NAME, "--weights", "random", "--image-size", "32", "--batch-size", "4")
FILTERS = (8, 16, 16, 32)


def make(*, include_top=False, weights=None, input_shape=None, pooling="avg"):
    """Make the network; it has the options of those of keras.applications, and random weights."""
    import keras

    assert (include_top, weights) == (False, None)
    assert pooling in ("avg", None)
    images = outputs = keras.Input(input_shape)
    for number, filters in enumerate(FILTERS):
        outputs = keras.layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=f"{number}_conv")(outputs)
        outputs = keras.layers.BatchNormalization(name=f"{number}_bn")(outputs)
        outputs = keras.layers.ReLU(6.0, name=f"{number}_relu")(outputs)
    if pooling:
        outputs = keras.layers.GlobalAveragePooling2D(name="pool")(outputs)
    return keras.Model(images, outputs, name=NAME.lower())


def preprocess_input(pixels):
    """Preprocess pixels as MobileNet does."""
    import keras

    return keras.applications.mobilenet.preprocess_input(pixels)


def register():
    """Have keras.applications contain the network, in this process."""
    with quick_import():  # as a job does
        import keras

    keras.applications.SmallNet = make


if __name__ == "__main__":
    import small_network  # by its name: the job is to be the main module

    small_network.register()
    if sys.argv[1:] and sys.argv[1].endswith(".py"):
        del sys.argv[0]
    else:
        sys.argv[0] = str(Path(__file__).parents[2] / "jobs/train.py")
    runpy.run_path(sys.argv[0], run_name="__main__")
