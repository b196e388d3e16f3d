# 2 x L4: the machine includes the GPUs.
gpu_type     = "nvidia-l4"
gpu_count    = 2
machine_type = "g2-standard-24"
zone         = "us-central1-a"
