"""Train one member of the ensemble, or all: `horovodrun -np 2 python jobs/train.py`."""

from landmark_lib.jobs.train import main

if __name__ == "__main__":
    main()
