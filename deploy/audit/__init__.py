"""`make audit`: known vulnerabilities of what is installed, insecure constructs, secrets in files."""
