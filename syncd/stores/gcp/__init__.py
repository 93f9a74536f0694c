"""GCP Secret Manager.

Habits of its libraries are stopped here, before they are imported: gRPC's core writes to standard error,
where our log is JSON; google-auth tells people to set a project that nobody needs, and warns those who log in
with gcloud that they may be refused. Our errors say enough.
"""

import logging
import os
import warnings

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
logging.getLogger("google.auth._default").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", message="Your application has authenticated using end user credentials")
