"""The proof that whoever sends a token also knows the app's secret, so that a stolen token alone is worth nothing.

Meta: `appsecret_proof`, "Secure Graph API Calls" (developers.facebook.com/docs/graph-api/guides/secure-requests,
read November 2026): hex HMAC-SHA256 of the access token under the app's secret, as a parameter of the call. Here
it is a member of the JSON body, because URLs are logged.
"""

from __future__ import annotations

import hmac

from sinks.platforms.contract import Request


def proven_body(request: Request, token: str, app_secret: str) -> bytes:
    """The request's body with the proof in it; as it is without a secret, or when its platform takes no proof."""
    if not (request.proof_member and app_secret):
        return request.body
    proof = hmac.digest(app_secret.encode(), token.encode(), "sha256").hex()
    return b'%s,"%s":"%s"}' % (request.body[:-1], request.proof_member.encode(), proof.encode())
