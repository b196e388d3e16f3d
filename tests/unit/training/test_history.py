"""The results of an epoch in a line of the log, however small."""

from landmark_lib.training.history import EpochResult, describe_epoch

FIRST = EpochResult(
    epoch=1,
    passes=0.1,
    learning_rate=0.00187,
    training_loss=9.6127,
    training_accuracy=0.39062,
    validation_loss=0.00004,
    validation_accuracy=1 / 15_000 / 2,
    images_per_second=13.31,
    input_wait=0.0004,
    allreduce=0.9996,
    bad_rows=0,
)


def test_small_shares_are_not_rounded_to_0_nor_large_ones_to_1():
    assert describe_epoch(FIRST, 3) == (
        "epoch 1/3: loss 9.6127, accuracy 0.3906, validation loss 0.000040, accuracy 0.000033,"
        " learning rate 0.00187, 13.3 images/s, input wait 0.040 %, allreduce 99.960 %"
    )
