"""The training wing: TensorFlow, Petastorm (`stream`) and Horovod (`horovod_step`).

stream -> model -> horovod_step, epoch after epoch in `loop`; what remains is written by `model_directory`.
"""
