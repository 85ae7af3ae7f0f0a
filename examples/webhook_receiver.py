"""Receives webhooks of Tranche: `WEBHOOK_SECRET=whsec_... python webhook_receiver.py`. Needs nothing but Python."""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
SEEN = set()  # in earnest: a table with a unique key, written in the transaction that does the work


def verify(body, headers, secret, now=None):
    """The JSON of a genuine request; ValueError for one that was altered, is too old, or was signed by others."""
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if not message_id or not timestamp or not timestamp.isascii() or not timestamp.isdecimal():
        raise ValueError("not a webhook")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_SECONDS:
        raise ValueError("too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    given = [part[3:].encode() for part in (headers["webhook-signature"] or "").split(" ") if part.startswith("v1,")]
    # Several signatures come while a secret is being changed. compare_digest takes the same time for every wrong one.
    if not any(hmac.compare_digest(expected, signature) for signature in given):
        raise ValueError("wrong signature")
    return json.loads(body)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        try:
            event = verify(body, self.headers, os.environ["WEBHOOK_SECRET"])
        except ValueError as error:
            self.send_error(400, str(error))
            return
        if self.headers["webhook-id"] not in SEEN:  # the same message may come more than once
            SEEN.add(self.headers["webhook-id"])
            print(event["type"], event["data"]["message"], flush=True)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver)
    print("listening on port", server.server_port, flush=True)
    server.serve_forever()
