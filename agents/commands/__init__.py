"""One verb of `capi` a file: a function `command`, or a typer group `app`."""
