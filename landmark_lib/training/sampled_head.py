"""Training steps of a network with many classes: each looks at a sample of them (`method.class_sample`).

The classes are shared out over the ranks. A step gathers the features of all ranks' rows, and each rank
computes the logits of its own sampled classes. Of the logits, four numbers per row are exchanged, from which
follow the softmax over the samples of all ranks, and then the whole gradient of a rank's own classes. So no
gradient of the head is sent, and a step computes and changes the sampled classes alone.

All ranks hold all classes, but between steps only a class's owner has its current weights. `settle` sends
them to all.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from landmark_lib.method.class_sample import owned_classes, sample_classes, sample_size
from landmark_lib.training import horovod_step
from landmark_lib.training.head import DROPOUT, LOGITS
from landmark_lib.training.horovod_step import Ranks
from landmark_lib.training.sampled_step import Pair, Sampled, SampledStep
from landmark_lib.training.step import StepResult


@dataclass(frozen=True)
class StepOptions:
    """How steps learn.

    Attributes:
        class_share: Share of the classes to look at.
        batch_size: Rows of a batch.
        seed_of_sample: From epoch and step, both from 0, and rank to the seed of the classes to look at.
        class_weights: Per-class loss weights, (classes,), if any.
        fp16_gradients: Send gradients of other layers than the head as 16-bit floats.
        timed: Measure the time of communication; TensorFlow's deterministic mode has no clock.
    """

    class_share: float
    batch_size: int
    seed_of_sample: Callable[[int, int, int], int]
    class_weights: NDArray[np.float32] | None
    fp16_gradients: bool
    timed: bool


class SampledHead:
    """Steps that look at a sample of the classes.

    The optimizer sees a small head. Before each step, the rows of the sampled classes (weights, and what the
    optimizer keeps of them) are copied into it, and afterwards copied back.

    Attributes:
        variables: Those of the optimizer, with a row for each class.
    """

    def __init__(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, options: StepOptions, ranks: Ranks
    ) -> None:
        """Begin, and build the optimizer.

        Args:
            model: Its last layer is a `LogitsByClass`.
            optimizer: Not yet built.
            options: How to learn.
            ranks: This rank's place.
        """
        head = model.get_layer(LOGITS)
        self._ranks, self._options = ranks, options
        self._owned = [owned_classes(head.classes, rank, ranks.size) for rank in range(ranks.size)]
        own = len(self._owned[ranks.rank])
        self._size = sample_size(own, options.class_share, options.batch_size * ranks.size)
        inner = keras.Model(model.input, model.get_layer(DROPOUT).output)
        kernel, bias = (
            keras.Variable(tf.zeros((self._size, *whole.shape[1:])), name=f"sampled_{whole.name}")
            for whole in (head.kernel, head.bias)
        )
        optimizer.build([*inner.trainable_variables, kernel, bias])
        weights = [Pair(head.kernel, kernel), Pair(head.bias, bias)]
        slots = [slot for pair in weights for slot in _slots(optimizer, pair)]
        self._pairs = [*weights, *slots]
        copies = {id(pair.of_sample) for pair in slots}
        kept = [variable for variable in optimizer.variables if id(variable) not in copies]
        self.variables: Sequence[keras.Variable] = [*kept, *(pair.of_classes for pair in slots)]
        self._learn = SampledStep(
            inner,
            optimizer,
            self._pairs,
            ranks,
            l2=head.l2,
            fp16_gradients=options.fp16_gradients,
            timed=options.timed,
        )
        self._epoch = self._step = 0

    def begin(self, epoch: int, steps_done: int) -> None:
        """Begin an epoch, or resume it after some steps."""
        self._epoch, self._step = epoch, steps_done

    def step(self, inputs: tf.Tensor, classes: tf.Tensor, *, asked_to_stop: bool) -> StepResult:
        """Learn from a batch."""
        began = time.perf_counter()
        sent = tf.concat([classes, [int(asked_to_stop)]], axis=0)
        received = horovod_step.rows_of_all(sent[tf.newaxis], "classes of rows").numpy()  # (ranks, rows + 1)
        seconds = time.perf_counter() - began if self._options.timed else 0.0
        result = self._learn(inputs, self._sample(received[:, :-1].ravel()))
        self._step += 1
        stop = tf.constant(received[:, -1].mean(), tf.float32)
        return StepResult(result.sums, result.loss, stop, result.seconds + seconds)

    def _sample(self, row_classes: NDArray[np.int32]) -> Sampled:
        rank, weights = self._ranks.rank, self._options.class_weights
        seed = self._options.seed_of_sample(self._epoch, self._step, rank)
        chosen = sample_classes(self._owned[rank], self._size, row_classes, seed)
        of_rows = np.ones(len(row_classes), np.float32) if weights is None else weights[row_classes]
        arrays = (chosen.classes, chosen.corrections, chosen.positions, of_rows)
        return Sampled(*map(tf.constant, arrays))

    def settle(self) -> None:
        """Send the rows of each class from its owner to all ranks."""
        for whole, _ in self._pairs:
            if self._ranks.size > 1:
                for rank, owned in enumerate(self._owned):
                    horovod_step.send_rows(whole, owned, rank)
            # After an access to single rows, TensorFlow would copy a variable whenever it is read.
            tf.raw_ops.DisableCopyOnRead(resource=whole.value.handle)


def _slots(optimizer: keras.optimizers.Optimizer, pair: Pair) -> list[Pair]:
    """Return what the optimizer keeps of a variable, such as its momentum."""
    prefix = pair.of_sample.path.replace("/", "_")  # as Keras names them
    return [
        Pair(keras.Variable(tf.zeros(pair.of_classes.shape), name=f"{slot.name}_by_class"), slot)
        for slot in optimizer.variables
        if slot.name.startswith(prefix)
    ]
