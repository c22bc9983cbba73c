"""Two writers that both ask to be first: prints the sorted status codes that moto answers, ``stock`` or ``kept``."""

import sys
import threading
from contextlib import suppress
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import S3Backend
from werkzeug.test import Client

from featuremart.local.aws import application

served = (
    application(Path(sys.argv[2]))
    if sys.argv[1] == "kept"
    else DomainDispatcherApplication(create_backend_app)
)
signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=local/20130101/us-east-1/s3/aws4_request"}
Client(served).put("/lake", headers=signed, base_url="http://127.0.0.1")

both_looked = threading.Barrier(2, timeout=2.0)
look = S3Backend.get_object


def look_together(self, *arguments, **options):
    """Look whether an object is there, and go on once the other has looked too, or does not come."""
    found = look(self, *arguments, **options)
    with suppress(threading.BrokenBarrierError):
        both_looked.wait()
    return found


S3Backend.get_object = look_together
codes = []


def write():
    """Ask to be the first writer of the manifest."""
    answer = Client(served).put(
        "/lake/manifest.json", data=b"x", headers=signed | {"If-None-Match": "*"}, base_url="http://127.0.0.1"
    )
    codes.append(answer.status_code)


writers = [threading.Thread(target=write) for _ in range(2)]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
sys.stdout.write(" ".join(map(str, sorted(codes))))
