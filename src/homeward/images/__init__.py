"""Untrusted bytes in, safe pictures out."""
