"""Predict the landmarks of photos: `python jobs/predict.py`, or on many processes under horovodrun."""

from landmark_lib.jobs.predict import main

if __name__ == "__main__":
    main()
