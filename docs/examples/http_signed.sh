#!/bin/sh
# An event from a server over HTTP, signed, with curl and openssl:
# COLLECT=http://127.0.0.1:8090 KEY=sk_server SECRET=whsec_… sh http_signed.sh
set -eu
COLLECT=${COLLECT:-http://127.0.0.1:8090}
body='{"event_name":"Lead","session_id":"visit-7f3a","user_data":{"em":"ada@example.com"}}'
id="msg_$(openssl rand -hex 16)"
now=$(date +%s)
key=$(printf %s "${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$now.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
curl --silent --show-error --fail-with-body --max-time 30 "$COLLECT/v1/events" \
  -H 'Content-Type: application/json' -H "X-Capi-Key: $KEY" \
  -H "webhook-id: $id" -H "webhook-timestamp: $now" -H "webhook-signature: v1,$signature" \
  --data-binary "$body"
