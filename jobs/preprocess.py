"""Turn photos into balanced, shuffled Parquet shards: `spark-submit jobs/preprocess.py`."""

import sys

# A cluster has its own Python. Any other version fails much later, with an error that hides the reason.
if sys.version_info[:2] not in {(3, 11), (3, 12)}:
    found = f"{sys.version.split()[0]} in {sys.executable}"
    print(f"error: expected Python 3.11 or 3.12, found {found}", file=sys.stderr)
    sys.exit(2)

from landmark_lib.jobs.preprocess import main

if __name__ == "__main__":
    main()
