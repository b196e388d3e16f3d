# Two nodes close to each other, 2 x L4 each: four Horovod processes.
train_nodes  = 2
gpu_type     = "nvidia-l4"
gpu_count    = 2
machine_type = "g2-standard-24"
zone         = "us-central1-a"
