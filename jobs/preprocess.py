"""Turn photos into balanced, shuffled Parquet shards: `spark-submit jobs/preprocess.py`."""

import sys

# A cluster has its own Python. Any other version fails much later, with an error that hides the reason.
if sys.version_info[:2] != (3, 11):
    print(f"error: expected Python 3.11, found {sys.version.split()[0]} in {sys.executable}", file=sys.stderr)
    sys.exit(2)

from landmark_lib.jobs.preprocess import main

if __name__ == "__main__":
    main()
