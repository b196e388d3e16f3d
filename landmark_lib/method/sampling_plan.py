"""What becomes of every image of one class: the sampling steps put together (steps 4 to 6 of the method)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from landmark_lib.method.downsampling import member_sample
from landmark_lib.method.hold_out import held_out
from landmark_lib.method.recipes import PLAIN, image_recipes
from landmark_lib.method.upsampling import allocate_outputs

ONLY_PLAIN = (str(PLAIN),)
NOTHING_KNOWN: Mapping[str, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True)
class SamplingSettings:
    """The numbers of the sampling steps; the defaults are the paper's final approach.

    Attributes:
        hold_out: Validation images per class.
        cutoff: Training images per class that a member gets at most, before upsampling.
        target: Training images per class that upsampling reaches, at most `cutoff`.
        members: Training sets, one for each member of the ensemble.
        seed: Seed of every draw.
    """

    hold_out: int = 2
    cutoff: int = 120
    target: int = 60
    members: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("hold_out", 0), ("cutoff", 1), ("target", 0), ("members", 1)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f"expected {name} of at least {least}, received {name}={value}")
        if self.target > self.cutoff:
            raise ValueError(
                "expected target <= cutoff, as no class can be both raised and cut, "
                f"received target={self.target}, cutoff={self.cutoff}"
            )


@dataclass(frozen=True)
class ImagePlan:
    """What becomes of one image.

    Attributes:
        image_id: Id of the image.
        role: "unused" is a training image that no member drew.
        members: Members that train on it, ascending; empty unless `role` is "train".
        recipes: Outputs it gives, all different; empty if it is unused.
    """

    image_id: str
    role: Literal["validation", "train", "unused"]
    members: tuple[int, ...]
    recipes: tuple[str, ...]


def training_rows(training_images: int, cutoff: int, target: int) -> int:
    """Count the rows that each member has of a class with so many training images, the hold-out removed."""
    return min(max(training_images, target), cutoff) if training_images else 0


def plan_class(
    ids: Sequence[str],
    settings: SamplingSettings,
    without_effect: Mapping[str, Collection[str]] = NOTHING_KNOWN,
) -> list[ImagePlan]:
    """Plan one class: hold out, then downsample if it is large or upsample if it is small.

    Args:
        ids: All image ids of the class, distinct; their order changes nothing but the order of the answer.
        settings: The numbers.
        without_effect: Steps of a recipe that change nothing in an image, by image id; an image that is
            not there has none.

    Returns:
        One plan an image, in the order of `ids`.

    Raises:
        ValueError: An image id given more than once.
    """
    _refuse_repeated(ids)
    validation = held_out(ids, settings.hold_out, settings.seed)
    training = [i for i in ids if i not in validation]
    plans = {i: ImagePlan(i, "validation", (), ONLY_PLAIN) for i in validation}
    plans |= {plan.image_id: plan for plan in _plan_training(training, settings, without_effect)}
    return [plans[i] for i in ids]


def _refuse_repeated(ids: Sequence[str]) -> None:
    repeated = [i for i, times in Counter(ids).items() if times > 1]
    if repeated:
        raise ValueError(f"expected distinct image ids, received more than once: {sorted(repeated)[:10]}")


def _plan_training(
    ids: list[str], settings: SamplingSettings, without_effect: Mapping[str, Collection[str]]
) -> list[ImagePlan]:
    if len(ids) > settings.cutoff:
        return _downsampled(ids, settings)
    if 0 < len(ids) < settings.target:
        return _upsampled(ids, settings, without_effect)
    everyone = tuple(range(settings.members))
    return [ImagePlan(i, "train", everyone, ONLY_PLAIN) for i in ids]


def _downsampled(ids: list[str], settings: SamplingSettings) -> list[ImagePlan]:
    samples = [member_sample(ids, settings.cutoff, m, settings.seed) for m in range(settings.members)]
    drawn_by = {i: tuple(m for m, sample in enumerate(samples) if i in sample) for i in ids}
    return [
        ImagePlan(i, "train", members, ONLY_PLAIN) if members else ImagePlan(i, "unused", (), ())
        for i, members in drawn_by.items()
    ]


def _upsampled(
    ids: list[str], settings: SamplingSettings, without_effect: Mapping[str, Collection[str]]
) -> list[ImagePlan]:
    everyone = tuple(range(settings.members))
    outputs = allocate_outputs(ids, settings.target, settings.seed)

    def recipes(image_id: str) -> list[str]:
        idle = without_effect.get(image_id, ())
        return image_recipes(image_id, outputs[image_id], settings.seed, without_effect=idle)

    return [ImagePlan(i, "train", everyone, tuple(recipes(i))) for i in ids]
