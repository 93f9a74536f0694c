"""What Google's libraries would write to standard error by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from google.auth import _cloud_sdk

if TYPE_CHECKING:
    from pathlib import Path

_LOGIN = """
import logging
logging.basicConfig(level=logging.WARNING)
import syncd.stores.gcp.identity
import google.auth
credentials, project = google.auth.default()
assert credentials is not None and project is None
"""


@pytest.mark.parametrize("client", [_cloud_sdk.CLOUD_SDK_CLIENT_ID, "another"])
def test_login_without_a_project(client: str, tmp_path: Path) -> None:
    """Neither a missing project nor gcloud's own login makes google-auth write between our lines."""
    file = tmp_path / "login.json"
    login = {"type": "authorized_user", "client_id": client, "client_secret": "b", "refresh_token": "c"}
    file.write_text(json.dumps(login), encoding="utf-8")
    without = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "PYTHONWARNINGS")
    env = {name: value for name, value in os.environ.items() if name not in without}
    run = subprocess.run(
        [sys.executable, "-c", _LOGIN],
        env={**env, "GOOGLE_APPLICATION_CREDENTIALS": str(file)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
