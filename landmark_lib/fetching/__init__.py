"""Fetches the bytes of photos, for preprocessing and for prediction.

- `photos`: listed photos in order, each as bytes or as an error.
- `files`: files on disks and in stores, whole or a span of a tar.
- `download`: http and https, with retries and redirects.
- `web_address`: addresses, parsed like a browser.
- `routes`: direct connections and proxies.
- `internet`: distinguishes public from private hosts.
"""
