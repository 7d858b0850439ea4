"""Homeward brings lost cats and dogs home: photos and cameras in, ranked matches out."""

__version__ = "0.1.0"
