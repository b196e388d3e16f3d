"""The method of the paper as functions of plain values, one module a step.

Source: Dobles & Varela, "Landmark Recognition" (CS 231N). In the order of the work, the paper's steps first:

Before training:

- `label_counts`: how many images the labels have (Table 1, Figure 1), and which labels are kept.
- `hold_out`: which images of a class are kept for validation.
- `downsampling`: which images of a large class a member of the ensemble trains on (ERUS).
- `upsampling`: how many outputs each image of a small class gives (Algorithm 1).
- `recipes`: which transformations make those outputs.
- `sampling_plan`: the four decisions above, put together for one class.
- `placement`: in which training set, shard and place the rows of an image are stored.

In training:

- `epochs`: which rows of the shards a rank reads in an epoch.
- `class_weights`: how much the loss of a row of each class counts.
- `schedule`: the learning rate of each step, and when training ends.

Afterwards:

- `vote`: what the ensemble answers, and how sure it is.
- `ensemble_selection`: which trials of a search vote well together.
- `likeness`: how like the training photos of its class an answer's photo is.
- `rejection`: how sure to be that an answer is right, from the vote, the logits and the likeness.
- `mixtures`: GAP where a share of the photos shows no landmark.
- `metrics`: how good the answers are.
- `calibration`: whether answers are right as often as they are sure, and the temperature that makes them so.
- `intervals`: how far the photos at hand decide a figure: bootstrap and paired test.

Nothing here knows Spark, TensorFlow, the file system or the clock. Draws of photos and rows are those of
`landmark_lib.draws`; the bootstrap alone draws from numpy's generator, by a seed of its own.
"""
