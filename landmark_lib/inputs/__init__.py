"""Users' photos in folders, tars and files, and their lists in CSVs.

Preprocessing and prediction list photos by the same rules, so that a photo has the same id, and is accepted
or rejected alike, in both. The rules are plain functions; Spark calls them in tasks, prediction in its
process.

    source                 what `--input` names, looked up once
    walk                   the files below a folder
    tars, tar_members      the files in a tar
    names                  photos and ignored files, by their names
    csv_file, csv_bytes    a CSV, whatever program wrote it
    label_list, addresses  ids, labels and addresses from such a CSV
    entries, schema        one row for each photo or rejected input
    matching               the file that an id of a list means
    layout                 folders at the wrong level
    remarks                warnings of a listing
    listing                all of this in one process
"""
