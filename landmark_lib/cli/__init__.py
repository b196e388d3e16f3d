"""The command `landmark`: each job, the sample, and a report of what is installed. It imports no engine.

- `main`: the command and its subcommands
- `launch`: starts spark-submit and horovodrun
- `needs`: what jobs cannot run without
- `doctor`: reports it
- `cloud`: runs the stages of `terraform/`
"""
