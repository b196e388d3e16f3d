# 2 x H100, as a spot machine for at most 12 hours; Google offers fewer than 8 H100 in no other way.
gpu_type      = "nvidia-h100-80gb"
gpu_count     = 2
machine_type  = "a3-highgpu-2g"
spot          = true
max_run_hours = 12
