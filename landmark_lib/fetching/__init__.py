"""The bytes of photos, from wherever they lie; both wings take photos.

- `photos`: listed photos fetched in their order, each as bytes or as the reason why there are none.
- `download`: http and https, with retries and redirects.
- `web_address`: addresses, read as browsers read them.
- `routes`: straight connections and proxies.
- `internet`: public hosts told from private ones.
"""
