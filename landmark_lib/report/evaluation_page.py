"""`report.html` of an evaluation: results, learning curves and the data set on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from landmark_lib.dataset import Manifest, read_classes
from landmark_lib.evaluation_results import Evaluation
from landmark_lib.hold_out import HoldOut
from landmark_lib.method.neighbours import Neighbour
from landmark_lib.predictions import Predictions
from landmark_lib.report.curves import Curves
from landmark_lib.report.dataset_sections import dataset_lead, dataset_sections, settings_section
from landmark_lib.report.evaluation_sections import (
    disagreement_section,
    ensemble_of,
    evaluation_facts,
    evaluation_lead,
    label_count_section,
    rejection_section,
    reliability_section,
    scores_section,
)
from landmark_lib.report.example_photos import read_class_photos, read_held_out, read_rejected
from landmark_lib.report.gallery_sections import choose, confusion_section, gallery_section, read_examples
from landmark_lib.report.learning_sections import learning_section
from landmark_lib.report.page import Section, render_page, render_part
from landmark_lib.report.similar_photos import read_similar
from landmark_lib.report.tuning_sections import tuning_sections
from landmark_lib.tuning_results import Tuning

REJECTED_SHOWN = 12


def evaluation_page(
    manifest: Manifest,
    evaluation: Evaluation,
    hold_out: HoldOut,
    predictions: Predictions,
    curves: Mapping[str, Curves],
    tuning: Tuning | None = None,
    similar: Sequence[Sequence[Neighbour]] = (),
) -> str:
    """Return the whole page as HTML.

    Args:
        manifest: Of the data set that the members were measured on.
        evaluation: The results; at least one member and the ensemble.
        hold_out: The hold-out of the data set.
        predictions: The ensemble's, for all held-out photos.
        curves: Learning curves by the name of the member, in order; may be empty.
        tuning: Results of a search for their settings, if there was one.
        similar: The training photos most similar to each held-out photo; empty if they are not known.

    Raises:
        LandmarkError: A file of the data set lacks a row that it should hold.
        ValueError: The evaluation has no ensemble.
    """
    root = hold_out.dataset
    sections = [
        scores_section(evaluation),
        label_count_section(evaluation),
        reliability_section(evaluation),
        disagreement_section(evaluation),
        rejection_section(evaluation),
        *_photo_sections(manifest, evaluation, hold_out, predictions, similar),
        *([learning_section(curves)] if curves else []),
        *(tuning_sections(tuning) if tuning else []),
        Section("dataset", "The data set", render_part("dataset.html", lead=dataset_lead(manifest))),
        *(
            replace(section, nested=True)
            for section in (*dataset_sections(root, manifest), settings_section(manifest))
        ),
    ]
    facts = evaluation_facts(evaluation)
    return render_page("Evaluation report", evaluation_lead(evaluation), facts, sections)


def _photo_sections(
    manifest: Manifest,
    evaluation: Evaluation,
    hold_out: HoldOut,
    predictions: Predictions,
    similar: Sequence[Sequence[Neighbour]],
) -> list[Section]:
    root = hold_out.dataset
    confusion, classes = ensemble_of(evaluation).confusion, read_classes(root)
    chosen = choose(hold_out, predictions, confusion)
    photos = {*chosen.confident_wrong, *chosen.wrong, *chosen.right, *chosen.pairs.values()}
    examples = read_examples(
        hold_out,
        predictions,
        sorted(photos),
        classes,
        lambda image_ids: read_held_out(root, manifest, image_ids),
        lambda indexes: read_class_photos(root, manifest, indexes),
        read_similar(
            root,
            manifest,
            {
                photo: [
                    (found.image_id, classes[found.class_index].landmark_id, found.similarity)
                    for found in similar[photo]
                ]
                for photo in (photos if similar else ())
            },
        ),
    )
    pairs = {pair: examples[photo] for pair, photo in chosen.pairs.items()}
    return [
        confusion_section(confusion, classes, pairs),
        gallery_section(
            chosen,
            examples,
            int(predictions.right(hold_out.truth).sum()),
            len(predictions),
            read_rejected(root, manifest, REJECTED_SHOWN),
            sum(manifest.rejected.values()),
        ),
    ]
