"""The paper's method as functions of plain values, one module per step.

Source: Dobles & Varela, "Landmark Recognition" (CS 231N).

Before training:

- `label_counts`: how many images the labels have (Table 1, Figure 1), and which labels are kept.
- `near_duplicates`: which photos look alike, so that the split separates none of them; not in the paper.
- `hold_out`: which images of a class are held out for validation.
- `downsampling`: which images of a large class a member of the ensemble trains on (ERUS).
- `upsampling`: how many outputs each image of a small class has (Algorithm 1).
- `recipes`: which transformations make these outputs.
- `sampling_plan`: the four decisions above, combined for one class.
- `placement`: in which training set and shard a row is stored, and where in the shard.

Training:

- `epochs`: which rows of the shards a rank reads in an epoch.
- `layer_graph`: where a network is cut, so that its frozen layers run once.
- `class_sample`: which classes a step looks at, if there are many.
- `class_weights`: loss weights for unequal classes.
- `margins`: how much closer to its own class than to others a photo must be, by the size of the class.
- `schedule`: the learning rate of each step, and when training ends.

Evaluation:

- `vote`: the ensemble's vote and its score.
- `ensemble_selection`: which trials of a search vote best together.
- `similarity`: how similar a photo is to the training photos of the predicted class.
- `neighbours`: which training photos are most similar to a photo.
- `rejection`: how likely a prediction is right, from the vote and the similarity to training photos.
- `mixtures`: GAP if a share of the photos shows no landmark.
- `metrics`: how good predictions are.
- `calibration`: whether scores match accuracies, and the temperature that makes them match.
- `intervals`: bootstrap intervals and the paired test.

Nothing here imports Spark, TensorFlow, a file system or a clock. All draws of photos and rows are those of
`landmark_lib.draws`; only the bootstrap and the sample of classes use numpy's generator, with own seeds.
"""
