"""What to do about a code of TikTok's, for whoever looks at an event or a pixel.

Source: business-api.tiktok.com/portal/docs, "Return codes", read November 2026.
"""

from __future__ import annotations

from sinks.platforms.answers import as_code
from sinks.platforms.tiktok_answers import INVALID_CODES, MISCONFIGURED, PARTIAL, THROTTLED, TRANSIENT

RENEW = (
    "The access token is missing, wrong, expired or revoked. Make a new one in TikTok Events Manager under "
    "Settings, and put it where the tenants file says: it is tried within seconds. (Return codes)"
)
PIXEL = (
    "Compare pixel_id in the tenants file with TikTok Events Manager, and see that the token is of an account "
    "that has this pixel. (Return codes)"
)
REFUSED = (
    "TikTok refuses a parameter of this event. `capi validate` says what it would refuse of the shop's events. "
    "(Return codes, 40002)"
)


def advice(code: str) -> str:
    """For a code as outcomes name it, `40105`; "" when there is nothing to say."""
    number = as_code(code)
    if number in (40001, 40007):
        return PIXEL
    if number in MISCONFIGURED:
        return RENEW
    if number in THROTTLED:
        return "Nothing needs to be done: the pixel's requests are slowed down by themselves. (Rate limits)"
    if number in TRANSIENT or (number or 0) >= INVALID_CODES.stop:
        return "Nothing needs to be done: it is tried again. (Return codes)"
    if number == PARTIAL:
        return "Look at the event's diagnostics in TikTok Events Manager: some of the request was not taken."
    return REFUSED if number in INVALID_CODES else ""
