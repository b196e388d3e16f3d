"""`report.html` of an evaluation: what was found, how the members learned, and the data set, on one page."""

from collections.abc import Mapping

from landmark_lib.dataset import Manifest, read_classes
from landmark_lib.evaluation_results import Evaluation
from landmark_lib.report.answers import HoldOutAnswers
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
from landmark_lib.report.tuning_sections import tuning_sections
from landmark_lib.tuning_results import Tuning

REJECTED_SHOWN = 12


def evaluation_page(
    root: str,
    manifest: Manifest,
    evaluation: Evaluation,
    answers: HoldOutAnswers,
    curves: Mapping[str, Curves],
    tuning: Tuning | None = None,
) -> str:
    """Give the whole page as HTML.

    Args:
        root: Root of the data set that the members were measured on.
        manifest: Of this data set.
        evaluation: What was found; at least one member and the ensemble.
        answers: The ensemble's, of all photos of the hold-out.
        curves: How the members learned, by their names, in order; may be empty.
        tuning: What a search for their settings found, if there was one.

    Raises:
        LandmarkError: A file of the data set lacks a row that it should hold.
        ValueError: The evaluation has no ensemble.
    """
    sections = [
        scores_section(evaluation),
        label_count_section(evaluation),
        reliability_section(evaluation),
        disagreement_section(evaluation),
        rejection_section(evaluation),
        *_photo_sections(root, manifest, evaluation, answers),
        *([learning_section(curves)] if curves else []),
        *(tuning_sections(tuning) if tuning else []),
        Section("dataset", "The data set", render_part("dataset.html", lead=dataset_lead(manifest))),
        *dataset_sections(root, manifest),
        settings_section(manifest),
    ]
    facts = evaluation_facts(evaluation)
    return render_page("Evaluation report", evaluation_lead(evaluation), facts, sections)


def _photo_sections(
    root: str, manifest: Manifest, evaluation: Evaluation, answers: HoldOutAnswers
) -> list[Section]:
    confusion, classes = ensemble_of(evaluation).confusion, read_classes(root)
    chosen = choose(answers, confusion)
    rows = {*chosen.surest_wrong, *chosen.wrong, *chosen.right, *chosen.pairs.values()}
    examples = read_examples(
        answers,
        sorted(rows),
        classes,
        lambda image_ids: read_held_out(root, manifest, image_ids),
        lambda indexes: read_class_photos(root, manifest, indexes),
    )
    pairs = {pair: examples[row] for pair, row in chosen.pairs.items()}
    return [
        confusion_section(confusion, classes, pairs),
        gallery_section(
            chosen,
            examples,
            int(answers.right.sum()),
            len(answers.image_ids),
            read_rejected(root, manifest, REJECTED_SHOWN),
            sum(manifest.rejected.values()),
        ),
    ]
