"""How calls end before their time. What the emulator does not answer would take five minutes."""

import os
import signal
import threading
import time
import unittest

import cos
from emulator import BUCKET, Test

# Far less than the timeout of a silent request, far more than a stopped call needs.
SOON = 60


class Stopping(Test):
    def setUp(self):
        super().setUp()
        self.fault({"type": "withhold"})
        self.path = self.folder + "silent"
        self.local_path = self.local("large", b"x" * 9_500_000)
        self.threads = threading.enumerate()
        self.begun = time.monotonic()

    def tearDown(self):
        self.assertLess(time.monotonic() - self.begun, SOON)

    def calls(self):
        """One of each kind; all of them wait for an answer."""
        client, local = self.client, self.local_path
        return {
            "stat": lambda **stop: client.stat_file(BUCKET, self.path, **stop),
            "list": lambda **stop: list(client.iter_folder(BUCKET, self.folder, **stop)),
            "delete": lambda **stop: client.delete_files(BUCKET, [self.path], **stop),
            "tree": lambda **stop: client.delete_tree(BUCKET, self.folder, **stop),
            "remove": lambda **stop: client.del_folder(BUCKET, self.folder, recursive=True, **stop),
            "upload": lambda **stop: client.upload_file(BUCKET, self.path, local, **stop),
            "buffer": lambda **stop: client.upload_buffer(BUCKET, self.path, b"", **stop),
            "download": lambda **stop: client.download_buffer(BUCKET, self.path, **stop),
            "open": lambda **stop: client.open(BUCKET, self.path, **stop),
        }

    def assert_ended(self, name):
        """What was stopped is not only left alone: its thread has a moment to end."""
        more = [each for each in threading.enumerate() if each not in self.threads]
        for thread in more:
            thread.join(2)
        self.assertFalse([each for each in more if each.is_alive()], name)

    def test_deadlines(self):
        for name, call in self.calls().items():
            shared = cos.Transfer()
            with self.subTest(name), self.assertRaises(cos.DeadlineExceeded) as raised:
                call(deadline=0.3, transfer=shared)
            self.assertFalse(shared.cancelled, name)
            self.assertIsInstance(raised.exception, TimeoutError)
            self.assertIsInstance(raised.exception, cos.Cancelled)
            self.assert_ended(name)

    def test_transfers(self):
        for name, call in self.calls().items():
            transfer = cos.Transfer()
            threading.Timer(0.3, transfer.cancel).start()
            with self.subTest(name), self.assertRaises(cos.Cancelled) as raised:
                call(transfer=transfer)
            self.assertEqual(raised.exception.code, cos.Code.CANCELLED)
            with self.subTest(name), self.assertRaises(cos.Cancelled):
                call(transfer=transfer)

    def test_transfers_on_other_threads(self):
        for name, call in self.calls().items():
            transfer, raised = cos.Transfer(), []

            def work(call=call, transfer=transfer, raised=raised):
                try:
                    call(transfer=transfer)
                except cos.Cancelled as error:
                    raised.append(error)

            thread = threading.Thread(target=work)
            thread.start()
            threading.Timer(0.3, transfer.cancel).start()
            thread.join()
            self.assertTrue(raised, name)

    def test_ctrl_c(self):
        for name, call in self.calls().items():
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            with self.subTest(name), self.assertRaises(KeyboardInterrupt):
                call()
            self.assert_ended(name)

    def test_what_progress_raises_ends_the_call(self):
        def raises(done, total):
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.client.upload_file(BUCKET, self.path, self.local_path, progress=raises)

    def test_a_stream_that_never_brings_anything_is_left_alone(self):
        forever = threading.Event()
        self.addCleanup(forever.set)

        def wait(size):
            forever.wait()
            return b""

        with self.assertRaises(cos.DeadlineExceeded):
            self.client.upload_stream(BUCKET, self.path, 10, wait, deadline=0.1)

    def test_a_client_is_closed_while_a_call_is_under_way(self):
        transfer, ended = cos.Transfer(), []

        def work():
            try:
                self.client.upload_file(BUCKET, self.path, self.local_path, transfer=transfer)
            except cos.Cancelled:
                ended.append(True)

        thread = threading.Thread(target=work)
        thread.start()
        while not transfer.progress().total:
            time.sleep(0.01)
        self.client.close()
        transfer.cancel()
        thread.join()
        self.assertEqual(ended, [True])


if __name__ == "__main__":
    unittest.main()
