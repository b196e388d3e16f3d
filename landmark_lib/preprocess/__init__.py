"""Preprocessing with Spark, which carries out plans and makes no random choices.

Stages, run in order by `pipeline.preprocess`:

    list        listing, sources/   photos of the source, cut into parts
    corpus      corpus              each photo decoded once, as a small square
    labels      manifest            image counts by label
    duplicates  duplicates          photos that look alike, in groups
    plan        plan                role and recipes of each corpus image
    shards      shards              rows to train on, in random order

State of a run: output_directory, journal, batch, parts, lock and lock_steps. Other runs: dry_run, verify.
Spark itself: session, submit, daemon, stage (progress), failures. Results: manifest, report, summary.
"""
