"""The preprocessing wing: Spark carries the plans out; it draws and chooses nothing.

sources -> corpus -> plan -> shards, one after another in `pipeline.preprocess`.
"""
