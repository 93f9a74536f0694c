"""GCP Secret Manager.

Two habits of its libraries are stopped here, before they are imported: gRPC's core writes to standard error,
where our log is JSON; google-auth tells people to set a project that nobody needs. Our errors say enough.
"""

import logging
import os

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
logging.getLogger("google.auth._default").setLevel(logging.ERROR)
