"""The jobs: each parses its command line, calls one function and sets the exit status.

`jobs/<name>.py` of a checkout, `landmark <name>`, spark-submit and horovodrun all start the job of that name
here.
"""
