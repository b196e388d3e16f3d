"""The training wing: TensorFlow, Petastorm (`stream`) and Horovod (`horovod_step`).

stream -> model -> horovod_step, epoch after epoch in `loop`; what remains is written by `model_directory`.
"""

import os

# TensorFlow tells at every start which processor it runs on; only its warnings are of use here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
