"""Search for better settings of the members: `python jobs/tune.py`."""

from landmark_lib.jobs.tune import main

if __name__ == "__main__":
    main()
