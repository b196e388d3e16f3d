"""The method of the paper as functions of plain values, one module a step.

Source: Dobles & Varela, "Landmark Recognition" (CS 231N). In the order of the method's steps:

- `label_counts`: how many images the labels have (Table 1, Figure 1), and which labels are kept.
- `hold_out`: which images of a class are kept for validation.
- `downsampling`: which images of a large class a member of the ensemble trains on (ERUS).
- `upsampling`: how many outputs each image of a small class gives (Algorithm 1).
- `recipes`: which transformations make those outputs.
- `sampling_plan`: the four decisions above, put together for one class.
- `placement`: in which training set, shard and place the rows of an image are stored.
- `epochs`: which rows of the shards a rank reads in an epoch.
- `plateau`: when the learning rate falls.
- `vote`: what the ensemble answers, and how sure it is.
- `metrics`: how good the answers are.

Nothing here knows Spark, TensorFlow, the file system or the clock; chance comes from
`landmark_lib.draws` alone.
"""
