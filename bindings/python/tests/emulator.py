"""What the tests share: a client of the emulator at COS_HOST, for the API that COS_API names."""

import json
import os
import tempfile
import unittest
import urllib.parse
import urllib.request

import cos
from cos import aio

HOST = os.environ.get("COS_HOST", "localhost:9000")
API = os.environ.get("COS_API", "v4")
BUCKET = "private-bucket"
ACCOUNT = ("1250000000", "EXAMPLE_SECRET_ID", "EXAMPLE_SECRET_KEY")
OPTIONS = {"api": API, "scheme": "http", "hostname": HOST, "download_hostname": HOST}


def admin(what, *entries, method=None):
    """Asks the emulator, or tells it to do something wrong."""
    body = json.dumps(entries).encode() if entries else None
    request = urllib.request.Request(f"http://{HOST}/_emulator/{what}", body, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as response:
        answer = response.read()
    return json.loads(answer) if answer else None


class Bar:
    """What the tests give as progress in the place of a bar of tqdm."""

    n, total = 0, None

    def __bool__(self):
        raise TypeError("it is neither, as with tqdm")

    def update(self, n):
        self.n += n


class Test(unittest.TestCase):
    """A test with a folder of its own in the bucket, and a directory of its own."""

    def setUp(self):
        self.folder = f"/{API}.{type(self).__name__}.{self._testMethodName}/"
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.client = self.enterContext(cos.Client(*ACCOUNT, "sh", **OPTIONS))

    def enterContext(self, context):
        entered = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return entered

    def fault(self, action, **which):
        """Makes the emulator do this instead of what it is asked for, until the test ends."""
        self.addCleanup(admin, "faults", method="DELETE")
        admin("faults", {"times": None, "action": action, **which})

    def requests(self):
        """How many requests were made for the test's folder. Calls that another test has stopped may
        still make some."""
        targets = (urllib.parse.unquote(request["target"]) for request in admin("requests"))
        return sum(self.folder.strip("/") in target for target in targets)

    def aio_client(self, **options):
        return aio.Client(*ACCOUNT, "sh", **OPTIONS, **options)

    def local(self, name, content=None):
        path = os.path.join(self.directory, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def only(self, api, call, *arguments, refused="api", **options):
        """Calls what only this API has, and checks that the other one refuses it."""
        if API == api:
            return call(*arguments, **options)
        with self.assertRaises(cos.BadArgument) as raised:
            call(*arguments, **options)
        self.assertEqual(raised.exception.argument, refused)
        return None
