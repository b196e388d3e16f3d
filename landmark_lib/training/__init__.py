"""Training with TensorFlow, Petastorm (`reading`) and Horovod (`horovod_step`).

`loop` trains one member after another: reading -> stream -> feed -> member_training -> step -> horovod_step,
recorded by `recorder` in the files of `model_directory`.
"""
