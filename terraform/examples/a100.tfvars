# 2 x A100 (40 GB), as a spot machine for at most 12 hours.
gpu_type      = "nvidia-tesla-a100"
gpu_count     = 2
machine_type  = "a2-highgpu-2g"
spot          = true
max_run_hours = 12
