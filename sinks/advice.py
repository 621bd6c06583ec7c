"""What to do about the code of an attempt: our own words, then those of the platform."""

from __future__ import annotations

from sinks.platforms import PLATFORM_RULES

OWN = {  # nosec B105 # "token" is a code, and its text is advice
    "token": "The token or the app secret cannot be read: see what the tenants file names, and `capi doctor`.",
    "build": "The event cannot be put into the platform's form. That is a mistake of ours: please report it.",
    "no answer": "Nothing needs to be done: it is tried again. When it lasts, look at this machine's way out.",
    "http 401": "Something between here and the platform refuses, or the token is wrong.",
    "http 403": "Something between here and the platform refuses, or the token is wrong.",
    "http 413": "The request was too large: lower CAPI_POST_EVENTS or CAPI_POST_BYTES.",
    "http 429": "Nothing needs to be done: the pixel's requests are slowed down by themselves.",
}


def advice(platform: str, code: str) -> str:
    """One or two sentences, "" when there is nothing to say, also of a platform that is no longer known."""
    rules = PLATFORM_RULES.get(platform)
    return OWN.get(code) or (rules.advice(code) if rules else "")
