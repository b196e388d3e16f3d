"""How every image of one class is used: the sampling steps combined (steps 4 to 6 of the method)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from landmark_lib.method.downsampling import member_sample
from landmark_lib.method.hold_out import NO_GROUPS, Groups, draw_hold_out
from landmark_lib.method.recipes import PLAIN, image_recipes
from landmark_lib.method.upsampling import allocate_outputs

ONLY_PLAIN = (str(PLAIN),)
NO_STEPS: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True)
class SamplingSettings:
    """The numbers of the sampling steps; the defaults are the paper's final approach.

    Attributes:
        hold_out: Validation images per class.
        cutoff: Maximum training images per class and member, before upsampling.
        target: Training images per class that upsampling reaches, at most `cutoff`.
        ensemble_size: Training sets, one for each member of the ensemble.
        seed: Seed of all draws.
    """

    hold_out: int = 2
    cutoff: int = 120
    target: int = 60
    ensemble_size: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("hold_out", 0), ("cutoff", 1), ("target", 0), ("ensemble_size", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"expected {name} of at least {least}, received {name}={value}")
        if self.target > self.cutoff:
            raise ValueError(
                "expected target <= cutoff, because no class can be both upsampled and downsampled, "
                f"received target={self.target}, cutoff={self.cutoff}"
            )


@dataclass(frozen=True)
class ImagePlan:
    """How one image is used.

    Attributes:
        image_id: Id of the image.
        role: "unused" is a training image that no member drew.
        members: Members that train on it, ascending; empty unless `role` is "train".
        recipes: Its outputs, all different; empty if it is unused.
    """

    image_id: str
    role: Literal["validation", "train", "unused"]
    members: tuple[int, ...]
    recipes: tuple[str, ...]


def training_rows(training_images: int, cutoff: int, target: int) -> int:
    """Return the rows per member of a class with this many training images, hold-out excluded."""
    return min(max(training_images, target), cutoff) if training_images else 0


def plan_class(
    ids: Sequence[str],
    settings: SamplingSettings,
    no_op_steps: Mapping[str, Collection[str]] = NO_STEPS,
    groups: Groups = NO_GROUPS,
) -> list[ImagePlan]:
    """Plan one class: hold out, then downsample if it is large or upsample if it is small.

    >>> settings = SamplingSettings(hold_out=1, cutoff=6, target=4, ensemble_size=2)
    >>> for plan in plan_class(["a", "b", "c", "d"], settings):
    ...     print(plan.image_id, plan.role, plan.members, plan.recipes)
    a validation () ('plain',)
    b train (0, 1) ('plain', 'crop:5:14:197+mirror+greyscale+darker')
    c train (0, 1) ('plain',)
    d train (0, 1) ('plain',)

    Args:
        ids: All image ids of the class, distinct; their order changes only the order of the result.
        settings: The numbers.
        no_op_steps: Steps of a recipe that change nothing in an image, by image id; none for other images.
        groups: The near-duplicates among the images.

    Returns:
        One plan per image, in the order of `ids`.

    Raises:
        ValueError: A repeated image id.
    """
    repeated = [i for i, times in Counter(ids).items() if times > 1]
    if repeated:
        raise ValueError(f"expected distinct image ids, received more than once: {sorted(repeated)[:10]}")
    validation = draw_hold_out(ids, settings.hold_out, settings.seed, groups)
    training = [i for i in ids if i not in validation]
    plans = {i: ImagePlan(i, "validation", (), ONLY_PLAIN) for i in validation}
    plans |= {plan.image_id: plan for plan in _plan_training(training, settings, no_op_steps)}
    return [plans[i] for i in ids]


def _plan_training(
    ids: list[str], settings: SamplingSettings, no_op_steps: Mapping[str, Collection[str]]
) -> list[ImagePlan]:
    seed, everyone = settings.seed, tuple(range(settings.ensemble_size))
    if len(ids) > settings.cutoff:
        samples = [member_sample(ids, settings.cutoff, member, seed) for member in everyone]
        drawn_by = {i: tuple(m for m, sample in enumerate(samples) if i in sample) for i in ids}
        return [
            ImagePlan(i, "train", members, ONLY_PLAIN) if members else ImagePlan(i, "unused", (), ())
            for i, members in drawn_by.items()
        ]
    if not ids or len(ids) >= settings.target:
        return [ImagePlan(i, "train", everyone, ONLY_PLAIN) for i in ids]
    outputs = allocate_outputs(ids, settings.target, seed)
    return [
        ImagePlan(i, "train", everyone, tuple(image_recipes(i, count, seed, no_op_steps.get(i, ()))))
        for i, count in outputs.items()
    ]
