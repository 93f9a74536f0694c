"""One secret for each storage kind, with values made up for this run."""

from __future__ import annotations

import base64
import json
import secrets


def s3_keys() -> dict[str, str]:
    """Return a pair of keys as the S3 example has them."""
    return {"access_key": f"AKIA{secrets.token_hex(8).upper()}", "secret_key": secrets.token_urlsafe(30)}


def hub_token() -> dict[str, str]:
    """Return a token of the Hugging Face hub."""
    return {"token": f"hf_{secrets.token_urlsafe(24)}"}


def every_kind() -> dict[str, dict[str, str]]:
    """Return name → properties, one for each credential of the demo's mapping."""
    key = {
        "type": "service_account",
        "client_email": "models@demo.iam.gserviceaccount.com",
        "private_key_id": secrets.token_hex(20),
        "private_key": secrets.token_urlsafe(200),
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return {
        "models-s3": s3_keys(),
        "hub-token": hub_token(),
        "vision-gcs": {"key": json.dumps(key)},
        "vision-azure": {"client_secret": secrets.token_urlsafe(30)},
        "vision-hdfs": {"keytab": base64.b64encode(b"\x05\x02" + secrets.token_bytes(64)).decode()},
        "model-server": {"token": secrets.token_urlsafe(30)},
        "model-scope": {"token": secrets.token_urlsafe(30)},
        "registry": {"username": "puller", "password": secrets.token_urlsafe(24)},
        "feature-store": {"password": secrets.token_urlsafe(24)},
    }
