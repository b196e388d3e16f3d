"""What users bring: photos in folders, tars and files, and lists in CSVs.

Both wings list photos by these rules, so that a photo has one id and one fate wherever it is asked about. The
rules are plain functions; Spark applies them in its tasks, prediction in its own process.

    source       what `--input` names, found out once
    walk, tars   the files that a folder or a tar holds
    names        which names are photos, and which are left by tools
    csv_file     a user's CSV, whatever program wrote it
    label_list   ids, labels and addresses from such a CSV
    entries      a row for every photo, or for why there is none
    matching     which file an id of a list means
    layout       folders that are one level off
    listing      all of this in one process
"""
