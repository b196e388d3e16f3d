"""List prices of us-central1 in US dollars, without discounts; the same as in docs/cloud.md."""

DATES = "from May (cores, T4) and November 2026 (the others)"
CORE = 0.0316  # per hour, of n1 and n2
MEMORY_GB = 0.0042  # per hour
DATAPROC_CORE = 0.01  # per hour
SPOT = 0.3  # relative to on demand; assumed, it varies
DCU = 0.06  # per hour of a data compute unit of Serverless for Apache Spark
DCU_PER_CORE, DCU_PER_GB = 0.6, 0.1
DISK_GB, BUCKET_GB, REGISTRY_GB = 0.10, 0.02, 0.10  # per month
MILLION_READS = 0.40
# GPU nodes per hour, with their GPUs: those of terraform/examples.
NODES = {"n1-standard-16": 1.46, "g2-standard-24": 2.00, "a2-highgpu-2g": 7.35}
