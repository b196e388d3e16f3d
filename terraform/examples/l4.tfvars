# 2 x L4: the GPUs come with the machine.
gpu_type     = "nvidia-l4"
gpu_count    = 2
machine_type = "g2-standard-24"
zone         = "us-central1-a"
