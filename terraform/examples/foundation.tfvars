# What must be there before anything is computed: network, buckets, registry, accounts. No machine runs.
preprocess_cluster = false
train_nodes        = 0
