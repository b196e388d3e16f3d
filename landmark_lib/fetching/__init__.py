"""The bytes of photos, from wherever they lie; both wings take photos.

- `photos`: listed photos fetched in their order, each as bytes or as the reason why there are none.
- `download`: http and https.
"""
