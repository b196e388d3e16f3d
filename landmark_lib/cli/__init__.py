"""The command `landmark`: each job, the sample, and a report of what is installed.

`main` is the command. `launch` starts spark-submit and horovodrun. `needs` lists what jobs cannot run
without, and `doctor` reports it. `landmark --help` and `landmark doctor` import no engine.
"""
