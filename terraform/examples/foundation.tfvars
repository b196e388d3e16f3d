# What everything else needs: network, buckets, registry, accounts. No machine runs.
preprocess_cluster = false
train_nodes        = 0
