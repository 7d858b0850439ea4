"""The demo city: a made-up town with real distances."""
