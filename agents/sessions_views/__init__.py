"""Web views of the session workers: /sessions/, /sessions/{key}/ and /cluster/, beside Faust's own pages.

They listen where CAPI_WEB_HOST and CAPI_WEB_PORT say. Nobody gets anything without a pass of another role or a
user's password; what a user may not see is not there.
"""

from agents.sessions_views.views import add_views

__all__ = ["add_views"]
