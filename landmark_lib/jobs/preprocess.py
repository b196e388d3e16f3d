"""Turn photos into balanced, shuffled Parquet shards: `spark-submit jobs/preprocess.py`."""

from pathlib import Path
from typing import NoReturn

from landmark_lib.command_line import run_job
from landmark_lib.console import show
from landmark_lib.errors import UserError
from landmark_lib.logs import LOGGER
from landmark_lib.preprocess.submit import settle_spark
from landmark_lib.settings import SAMPLE_DIRECTORY, PreprocessSettings


def preprocess(settings: PreprocessSettings) -> None:
    """Turn photos into a data set for training: balanced, shuffled Parquet shards.

    Every photo is centre-cropped and resized to 250x250 pixels. Labels with few images are dropped, two
    images per class are held out, large classes are sampled for each member of the ensemble, and small ones
    are upsampled with transformed copies (Algorithm 1 of "Landmark Recognition", CS 231N). Photos that cannot
    be read are listed in rejected/ with the reason.

    Re-run the same command to resume. On a finished data set it adds only new photos. Without --input it
    works on an embedded sample of 1,000 photos.
    """
    source = settings.input or _embedded_sample()
    if settings.verify:
        from landmark_lib.preprocess.verify import verify_source

        verify_source(settings.source(source))
    elif settings.dry_run:
        from landmark_lib.preprocess.dry_run import plan_text

        show(plan_text(settings, source))
    else:
        from landmark_lib.preprocess.pipeline import preprocess as run
        from landmark_lib.preprocess.summary import describe, next_step

        manifest = run(settings, source)
        if manifest is not None:
            show(f"{describe(manifest)}\n\n{next_step(manifest, settings.output)}")


def _embedded_sample() -> str:
    try:
        from landmark_sample import SampleSettings, write_sample
    except ModuleNotFoundError:  # on a cluster, whose zip of the code is without it
        raise UserError("--input: expected photos; the embedded sample is not installed here") from None

    if Path(SAMPLE_DIRECTORY).exists():
        LOGGER.info(f"No --input given: using the embedded sample in {SAMPLE_DIRECTORY}")
    else:
        LOGGER.info(f"No --input given: rendering the embedded sample into {SAMPLE_DIRECTORY}")
        write_sample(SampleSettings(), Path(SAMPLE_DIRECTORY))
    return SAMPLE_DIRECTORY


def main() -> NoReturn:
    """Run the job with this process's command line."""
    settle_spark()
    run_job(PreprocessSettings, preprocess)


if __name__ == "__main__":
    main()
