"""Bundles in an S3 bucket: published whole, fetched with every byte checked, released by a pointer.

::

    bundles/<version>/...    as on the disk (see ``layout``); manifest.json is written last
    features/*.parquet       what the newest build was made from, for other tools
    current.json             {"version": ..., "previous": ...}, only ever written on condition that nobody else did

boto3 is imported by ``objects`` alone, so an embedded server never loads it.
"""
