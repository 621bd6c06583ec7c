"""Certificates for TLS between the sites: a CA of one's own, the gateway's certificate, one for each client site.

Each certificate is one PEM file together with its private key, so that a rotation is one rename and no reader
ever sees the key of another certificate.
"""
