"""The client for asyncio: what it does besides what the plain one does."""

import asyncio
import io
import os
import threading
import time
import unittest
from unittest import mock

import cos
from emulator import BUCKET, Bar, Test


class Aio(Test):
    def run_with_client(self, work, **options):
        async def run():
            async with self.aio_client(**options) as client:
                return await work(client)

        return asyncio.run(run())

    def test_calls_and_lists(self):
        async def work(client):
            await client.upload_buffer(BUCKET, self.folder + "a", b"content")
            self.assertTrue(await client.exists(BUCKET, self.folder + "a"))
            names = [entry.name async for entry in client.iter_tree(BUCKET, self.folder)]
            self.assertEqual(names, ["a"])
            self.assertEqual(await client.download_buffer(BUCKET, self.folder + "a"), b"content")
            self.assertTrue(client.presign_get(BUCKET, self.folder + "a"))
            with self.assertRaises(cos.NotFound):
                await client.stat_file(BUCKET, self.folder + "b")
            self.assertEqual(await client.delete_tree(BUCKET, self.folder), [])

        self.run_with_client(work)

    def test_a_list_is_deleted(self):
        async def work(client):
            for name in "abc":
                await client.upload_buffer(BUCKET, self.folder + name, b"")
            # A list needs threads for itself.
            files = client.iter_tree(BUCKET, self.folder)
            self.assertEqual(await client.delete_files(BUCKET, files), [])
            self.assertFalse(await client.exists(BUCKET, self.folder))
            with self.assertRaisesRegex(TypeError, "cos_paths"):
                await client.delete_files(BUCKET, [5])

        self.run_with_client(work, threads=1)

    def test_threads_that_the_system_does_not_give_are_asked_for_again(self):
        async def work(client):
            with mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("none left")):
                with self.assertRaisesRegex(RuntimeError, "none left"):
                    await client.exists(BUCKET, self.folder)
            self.assertFalse(await client.exists(BUCKET, self.folder, deadline=20))

        self.run_with_client(lambda client: asyncio.wait_for(work(client), 30), threads=1)

    def test_streams(self):
        content = os.urandom(3_000_000)

        async def pieces():
            for at in range(0, len(content), 500_000):
                await asyncio.sleep(0)
                yield content[at:at + 500_000]

        async def work(client):
            for name, stream in (("pieces", pieces()), ("file", io.BytesIO(content))):
                path = self.folder + name
                await client.upload_stream(BUCKET, path, len(content), stream)
                received = [piece async for piece in client.iter_download(BUCKET, path, 100_000)]
                self.assertTrue(b"".join(received) == content)
            async for _ in client.iter_download(BUCKET, path):
                break

        self.run_with_client(work)

    def test_what_a_stream_raises_arrives(self):
        async def broken():
            yield b"x"
            raise ZeroDivisionError

        async def work(client):
            with self.assertRaises(ZeroDivisionError):
                await client.upload_stream(BUCKET, self.folder + "a", 9, broken())

        self.run_with_client(work)

    def test_many_calls_run_at_once_while_the_loop_goes_on(self):
        self.fault({"type": "delay", "ms": 500})

        async def work(client):
            begun = time.monotonic()
            turns = 0
            calls = [asyncio.ensure_future(client.exists(BUCKET, f"{self.folder}{number}"))
                     for number in range(100)]
            while not all(call.done() for call in calls):
                turns += 1
                await asyncio.sleep(0.01)
            self.assertEqual([call.result() for call in calls], [False] * 100)
            self.assertGreater(turns, 10)
            # One after the other they would take fifty seconds.
            self.assertLess(time.monotonic() - begun, 40)

        self.run_with_client(work, threads=100)

    def test_tasks_are_cancelled(self):
        self.fault({"type": "withhold"})
        path = self.folder + "a"
        local = self.local("large", b"x" * 9_500_000)

        shared = cos.Transfer()

        async def never():
            await asyncio.sleep(3600)
            yield b""

        async def work(client):
            for call in (
                lambda: client.stat_file(BUCKET, path, transfer=shared),
                lambda: client.del_folder(BUCKET, self.folder, recursive=True, transfer=shared),
                lambda: client.iter_folder(BUCKET, self.folder, transfer=shared).__anext__(),
                lambda: client.delete_tree(BUCKET, self.folder, transfer=shared),
                lambda: client.upload_file(BUCKET, path, local, transfer=shared),
                lambda: client.download_buffer(BUCKET, path, transfer=shared),
                lambda: client.upload_stream(BUCKET, path, 9, never(), transfer=shared),
            ):
                task = asyncio.ensure_future(call())
                await asyncio.sleep(0.2)
                self.assertFalse(task.done())
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
            with self.assertRaises(cos.DeadlineExceeded):
                await client.stat_file(BUCKET, path, deadline=0.2, transfer=shared)
            # What ends one call leaves the program's transfer to the others.
            self.assertFalse(shared.cancelled)

        begun = time.monotonic()
        self.run_with_client(work)
        self.assertLess(time.monotonic() - begun, 60)

    def test_a_closed_client_refuses_calls(self):
        async def work(client):
            client.close()
            with self.assertRaisesRegex(cos.BadArgument, "client is closed"):
                await client.stat_file(BUCKET, "/a")

        self.run_with_client(work)

    def test_progress_is_told_on_the_loop(self):
        local, told, bar = self.local("a", b"x" * 3_000_000), [], Bar()

        async def work(client):
            loop = asyncio.get_running_loop()

            def tell(done, total):
                self.assertIs(asyncio.get_running_loop(), loop)
                told.append((done, total))

            await client.upload_file(BUCKET, self.folder + "a", local, progress=tell)
            await client.download_file(BUCKET, self.folder + "a", local, progress=bar)

        self.run_with_client(work)
        self.assertEqual(told[-1], (3_000_000, 3_000_000))
        self.assertEqual((bar.n, bar.total), (3_000_000, 3_000_000))


if __name__ == "__main__":
    unittest.main()
