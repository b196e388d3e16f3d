# The default, written out: the paper's machine with K80's successor.
gpu_type     = "nvidia-tesla-t4"
gpu_count    = 2
machine_type = "n1-standard-16"
boot_disk_gb = 160
