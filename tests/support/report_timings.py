"""Timings of the stages of a run, for reports."""

from landmark_lib.preprocess.stage import StageTiming

TIMINGS = [StageTiming("corpus", 2.0, 36, "photos", 5_000_000), StageTiming("plan", 0.25, 36, "images")]
