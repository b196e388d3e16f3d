# The paper's training node: n1, 2 x K80, 160 GB. Planned in the tests, but no longer available; the plan reports why
# (check gpu_exists_and_has_kernels).
gpu_type     = "nvidia-tesla-k80"
gpu_count    = 2
machine_type = "n1-standard-8"
boot_disk_gb = 160
