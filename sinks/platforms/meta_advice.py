"""What to do about a code of Meta's, for whoever looks at an event or a pixel.

Sources, read November 2026: developers.facebook.com/docs/graph-api/guides/error-handling and
/docs/marketing-api/error-reference; for events /docs/marketing-api/conversions-api/parameters.
"""

from __future__ import annotations

from sinks.platforms.answers import as_code
from sinks.platforms.meta_answers import BLOCKED, INVALID_PARAMETER, MISCONFIGURED, THROTTLED, TRANSIENT

RENEW = (
    "The access token has expired, was revoked, or is wrong. Make a new one in Events Manager under Settings, "
    "Conversions API, and put it where the tenants file says: it is tried within seconds. "
    "(Graph API, Handling errors)"
)
PERMISSION = (
    "The token's owner may not send to this dataset. Give its system user the dataset in Business settings, "
    "or take a token of somebody who has it. (Graph API, Handling errors)"
)
PIXEL = (
    "There is no such dataset, or this token does not see it. Compare pixel_id in the tenants file with Events "
    "Manager, and give the token's system user the dataset. (Marketing API, Error reference)"
)
LIMITED = (
    "Nothing needs to be done: the pixel's requests are slowed down by themselves. When it lasts, see the "
    "app's usage in its dashboard. (Graph API, Rate limits)"
)
SUBCODES = {
    33: PIXEL,
    2804003: "Send events within 7 days of when they happened. (Conversions API, event_time)",
    2804004: "Set the clock of the shop's server: event_time is in the future. (Conversions API, event_time)",
    2804008: "Give each item of contents an id. (Conversions API, contents)",
    2804009: "Give a Purchase a value, a number. (Conversions API, value)",
    2804019: "Give value as a number and currency as an ISO 4217 code. (Conversions API, currency)",
    2804023: "Give a Purchase a currency, an ISO 4217 code. (Conversions API, currency)",
    2804050: "Bring more about the customer: an e-mail address, a phone number, external_id, fbp or fbc. "
    "(Conversions API, Customer information)",
}


def advice(code: str) -> str:
    """For a code as outcomes name it, `190` or `100/2804003`; "" when there is nothing to say."""
    number, subcode = (as_code(part) for part in (f"{code}/".split("/"))[:2])
    if number == INVALID_PARAMETER:
        return SUBCODES.get(subcode or 0, "Look up the code in Meta's error reference. (Marketing API)")
    if number in (102, 104, 190):
        return RENEW
    if number in MISCONFIGURED:
        return PERMISSION
    if number == BLOCKED:
        return "Meta blocked this for its policies, for a time: wait. (Graph API, Handling errors)"
    if number in THROTTLED:
        return LIMITED
    return "Nothing needs to be done: it is tried again. (Graph API)" if number in TRANSIENT else ""
