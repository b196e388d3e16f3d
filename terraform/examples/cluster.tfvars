# The Dataproc cluster for preprocessing, instead of serverless batches; no GPU node.
preprocess_cluster = true
train_nodes        = 0
