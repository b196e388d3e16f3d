"""What preprocessing came to, as text: Table 1, Figure 1 and the balance of the members."""

from landmark_lib.dataset import COMMON, VALIDATION, Manifest, training_directory

BAR_WIDTH = 40  # characters


def describe(manifest: Manifest) -> str:
    """Tell in a page of text what a data set holds."""
    return "\n".join([*_photos(manifest), "", *_label_counts(manifest), "", *_training_sets(manifest)])


def _photos(manifest: Manifest) -> list[str]:
    rejected = sum(manifest.rejected.values())
    listed, corpus = manifest.photos["listed"], manifest.photos["corpus"]
    reasons = [f"  {count:,} {reason}" for reason, count in manifest.rejected.items()]
    return [f"{listed:,} photos listed: {corpus:,} in the corpus, {rejected:,} rejected", *reasons]


def _label_counts(manifest: Manifest) -> list[str]:
    counts = manifest.label_counts
    percentiles = counts["percentiles"]
    widest = max(labels for _, _, labels in counts["histogram"])
    lines = [
        f"Images per label ({counts['labels']:,} labels)",
        "  percentile " + "".join(f"{p:>7}" for p in percentiles),
        "  images     " + "".join(f"{value:>7,}" for value in percentiles.values()),
    ]
    for low, high, labels in counts["histogram"]:
        bar = "#" * round(BAR_WIDTH * labels / widest)
        lines.append(f"  {low:>7,} to {high:>7,} images {labels:>7,} labels {bar}")
    return lines


def _training_sets(manifest: Manifest) -> list[str]:
    kept = manifest.settings["smallest_label_count"]
    common = manifest.rows_in(COMMON)
    lines = [f"{manifest.classes:,} classes (labels with at least {kept} images)"]
    if manifest.classes_with_fewer_held_out:
        lines.append(f"  {manifest.classes_with_fewer_held_out:,} of them too small for the whole hold-out")
    for member in range(manifest.members):
        own = manifest.rows_in(training_directory(member))
        lines.append(f"  member {member}: {common + own:,} training rows ({own:,} not shared by all members)")
    lines.append(f"  validation: {manifest.rows_in(VALIDATION):,} rows")
    return lines
