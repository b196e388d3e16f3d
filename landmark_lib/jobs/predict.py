"""Predict the landmarks of photos: `python jobs/predict.py`, or on many processes under horovodrun."""

from typing import NoReturn

from landmark_lib.command_line import given_or_default, run_job
from landmark_lib.console import is_rank_0, show, visible
from landmark_lib.logs import LOGGER
from landmark_lib.settings import DATASET_DIRECTORY, PredictSettings
from landmark_lib.surroundings import quick_import


def predict(settings: PredictSettings) -> None:
    """Predict photos with every trained member and their vote: a folder, a file, a CSV, a data set.

    Writes Parquet with the top labels and scores of each member and of the ensemble, one row per photo.
    Photos that cannot be read get a row in rejected/ with the reason. Run the same command to resume.
    """
    from landmark_lib.evaluation.output_file import check_output_file
    from landmark_lib.evaluation.photos import find_photos
    from landmark_lib.evaluation.prediction_report import write_report
    from landmark_lib.evaluation.prediction_tables import write_tables
    from landmark_lib.evaluation.prediction_text import describe_predictions, describe_summary, read_names
    from landmark_lib.evaluation.submission import fit_test_list, read_test_list, write_submission
    from landmark_lib.storage import Place
    from landmark_lib.training.member_record import finished_members, read_member

    root = "" if settings.input else given_or_default("--dataset", settings.dataset, DATASET_DIRECTORY)
    # Errors in these show before TensorFlow starts, and hours before the last photo.
    names = read_names(settings.names) if settings.names else {}
    wanted = read_test_list(settings.test_list) if settings.test_list else None
    for option, path in (("--submission", settings.submission), ("--report", settings.report)):
        if path and is_rank_0():
            check_output_file(Place(path), option)
    members = finished_members(settings.models)
    LOGGER.info("looking for photos")
    photos = find_photos(settings, root)
    lines = None if wanted is None else fit_test_list(wanted, list(photos.image_ids()))
    LOGGER.info(f"{sum(photos.sizes):,} photos found; loading TensorFlow and {len(members):,} members")
    with quick_import():
        from landmark_lib.evaluation.predict import predict as run
        from landmark_lib.training.horovod_step import report_lost_ranks, start_ranks

    ranks = start_ranks()
    with report_lost_ranks():
        files, summary = run(settings, photos, ranks)
    if not ranks.is_chief:
        return
    text = [describe_predictions(files, summary.members, names), describe_summary(files, summary)]
    # Everything is written before anything is printed: the reader of a pipe may close it early.
    if settings.format != "parquet":
        text += [f"Table: {visible(place)}" for place in write_tables(files, settings.format)]
    if settings.report:
        page, record = Place(settings.report), read_member(members[0])
        write_report(page, files, summary, photos, settings.models, record)
        text.append(f"Report: {visible(page)}")
    if settings.submission:
        count, empty = write_submission(files, settings.submission, lines)
        path = visible(settings.submission)
        text.append(f"Submission: {path}, {count:,} photos, {empty:,} of them without a label")
    show("\n".join(text))


def main() -> NoReturn:
    """Run the job with this process's command line."""
    run_job(PredictSettings, predict)


if __name__ == "__main__":
    main()
