"""DOOR: cameras. Pictures in, sightings to the API out; a client of it like any other."""
