"""The head of a network: what makes logits of pooled features, scaled to one length, after dropout."""

from dataclasses import dataclass

import keras

from landmark_lib.draws import keyed_draw
from landmark_lib.settings import TrainSettings
from landmark_lib.training.arcface import ArcFaceHead, ArcFaceLogits, arcface_head
from landmark_lib.training.logits_by_class import LogitsByClass
from landmark_lib.training.member_data import MemberData

UNIT_LENGTH = "unit_length"
FEATURE_LENGTH = "feature_length"
DROPOUT = "dropout"
LOGITS = "logits"
LAYERS = (UNIT_LENGTH, FEATURE_LENGTH, DROPOUT, LOGITS)  # by name, in this order


@dataclass(frozen=True)
class HeadOptions:
    """What a head is built from.

    Attributes:
        classes: Number of classes.
        dropout: Dropout rate of the features.
        l2: Weight penalty.
        seed: Seed of the initial weights.
        feature_length: Length that features are scaled to first; 0 leaves them as they are.
        by_class: Lay the weights out by class, for training steps that look at a sample of the classes.
        arcface: An ArcFace head of this size instead of a dense layer.
    """

    classes: int
    dropout: float
    l2: float
    seed: int
    feature_length: float = 0.0
    by_class: bool = False
    arcface: ArcFaceHead | None = None


def head_options(settings: TrainSettings, data: MemberData) -> HeadOptions:
    """Return the head that a member's settings ask for."""
    network = settings.network
    return HeadOptions(
        len(data.landmark_ids),
        network.dropout,
        network.l2,
        data.head_seed(settings),
        feature_length=network.feature_length,
        by_class=data.class_share(settings) < 1,
        arcface=arcface_head(network),
    )


def add_head(features: keras.KerasTensor, options: HeadOptions) -> keras.KerasTensor:
    """Return the logits, (rows, classes) float32, that a new head makes of features, (rows, features)."""
    if options.feature_length:
        # In 32 bits: squares of features exceed the range of 16.
        unit = keras.layers.UnitNormalization(dtype="float32", name=UNIT_LENGTH)(features)
        features = keras.layers.Rescaling(options.feature_length, dtype="float32", name=FEATURE_LENGTH)(unit)
    # `set_dropout` replaces the seed before every epoch, on each rank by another.
    kept = keras.layers.Dropout(options.dropout, seed=0, name=DROPOUT)(features)
    seed = keyed_draw(options.seed, "dense layer") % 2**31
    if options.arcface is not None:
        sizes = (options.classes, options.arcface.embedding_size, options.arcface.sub_centres)
        return ArcFaceLogits(*sizes, l2=options.l2, seed=seed, name=LOGITS)(kept)
    if options.by_class:
        return LogitsByClass(options.classes, options.l2, seed, name=LOGITS)(kept)
    return keras.layers.Dense(
        options.classes,
        kernel_initializer=keras.initializers.GlorotUniform(seed),
        kernel_regularizer=keras.regularizers.L2(options.l2),
        dtype="float32",
        name=LOGITS,
    )(kept)


def share_head(model: keras.Model, features: keras.KerasTensor) -> keras.KerasTensor:
    """Return the logits that the head of a network makes of other features; both share its layers."""
    logits = features
    for layer in model.layers:
        if layer.name in LAYERS:
            logits = layer(logits)
    return logits


def set_dropout(model: keras.Model, seed: int, step: int) -> None:
    """Set the generator of the dropout for the steps of an epoch that remain.

    Args:
        model: A network with a head.
        seed: Seed of the epoch and the rank.
        step: Steps of the epoch that are done.
    """
    generator = getattr(model.get_layer(DROPOUT), "seed_generator", None)
    if generator is not None:  # None if the rate is 0
        # The state is (seed, numbers drawn); a step draws once.
        generator.state.assign([seed % 2**31, step])
