"""Predictions, their vote and their evaluation; uses TensorFlow.

- `networks`, `shared_layers`: the trained networks of all members, run together; shared layers run once.
- `views`: features averaged over views of a photo.
- `photos`: the photos to predict, of a data set or a user's.
- `predict`, `prediction_files`: predict photos, and store the predictions.
- `prediction_tables`: predictions as CSV or JSON Lines.
- `prediction_text`, `prediction_report`: the first predictions as text and as a page.
- `submission`: predictions as a submission to Kaggle.
- `checks`: what an evaluation refuses before TensorFlow starts.
- `evaluate`: measure the members and their vote on the hold-out.
- `ensemble_outputs`: what all members and their vote predict for the hold-out.
- `output_file`: check that a job can write its result.
- `measure`: compute an evaluation from these predictions.
- `evidence`, `rejecting`, `no_landmark`, `rejection_file`: learn to reject photos without a landmark.
- `table`: the results of an evaluation as text.
"""
