"""Bundles in an S3 bucket: published completely, fetched with every byte verified, released by a pointer.

::

    bundles/<version>/...    as on the disk (see ``layout``); manifest.json is written last
    features/*.parquet       features of the latest build, for other tools
    current.json             {"version": ..., "previous": ...}, written only conditionally

Only ``objects`` imports boto3, so an embedded server never loads it.
"""
