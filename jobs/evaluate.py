"""Evaluate the members and their vote: `python jobs/evaluate.py`."""

from landmark_lib.jobs.evaluate import main

if __name__ == "__main__":
    main()
