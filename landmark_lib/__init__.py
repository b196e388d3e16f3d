"""Landmark recognition at scale: balanced shards from Spark, ensembles from Horovod."""

__version__ = "0.1.0"
