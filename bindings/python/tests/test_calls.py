"""What calls do: lists, streams, helpers, failures."""

import errno
import io
import os
import pickle
import tarfile
import unittest
import urllib.request
from unittest import mock

import cos
from emulator import API, BUCKET, HOST, Bar, Test


class Lists(Test):
    def test_iterators_go_through_all_pages(self):
        names = sorted(f"{number:02}" for number in range(12))
        for name in names:
            self.client.upload_buffer(BUCKET, f"{self.folder}{name}", b"x" * int(name))
        self.client.upload_buffer(BUCKET, f"{self.folder}sub/deep/z", b"")
        before = self.requests()
        entries = list(self.client.iter_folder(BUCKET, self.folder, num=5))
        self.assertGreaterEqual(self.requests() - before, 3)
        files = [entry for entry in entries if not entry.is_folder]
        self.assertEqual(sorted(entry.name for entry in files), names)
        self.assertEqual({entry.path: entry.size for entry in files},
                         {f"{self.folder}{name}": int(name) for name in names})
        self.assertEqual([entry.path for entry in entries if entry.is_folder],
                         [f"{self.folder}sub/"])
        below = sorted(entry.name for entry in self.client.iter_tree(BUCKET, self.folder))
        self.assertEqual(below, names + ["sub/deep/z"])

    def test_an_iterator_asks_for_no_page_before_it_is_wanted(self):
        for name in "abc":
            self.client.upload_buffer(BUCKET, f"{self.folder}{name}", b"")
        before = self.requests()
        entries = self.client.iter_folder(BUCKET, self.folder, num=1)
        self.assertEqual(self.requests(), before)
        next(entries)
        self.assertEqual(self.requests(), before + 1)

    def test_a_list_that_does_not_say_where_it_goes_on_is_no_whole_list(self):
        for contexts in ([""], [None], ["next", "next"]):
            pages = [{"data": {"infos": [], "listover": False, "context": context}}
                     for context in contexts]
            with mock.patch.object(self.client, "list_folder", side_effect=pages):
                with self.assertRaisesRegex(cos.UnexpectedReply, "goes on"):
                    list(self.client.iter_folder(BUCKET, self.folder))

    def test_a_list_of_nothing_is_not_found(self):
        with self.assertRaises(cos.NotFound):
            list(self.client.iter_tree(BUCKET, self.folder))

    def test_many_files_are_deleted_and_those_that_stay_are_named(self):
        paths = [f"{self.folder}{number} <&>" if API == "v5" else f"{self.folder}{number}"
                 for number in range(5)]
        for path in paths:
            self.client.upload_buffer(BUCKET, path, b"")
        missing = f"{self.folder}missing"
        for wrong in (paths[1][1:], "/", self.folder, "/" + paths[1], paths[1] + "\r", paths[1] + "\x85",
                      paths[1] + "\ud800"):
            with self.assertRaises(cos.BadArgument):
                self.client.delete_files(BUCKET, [paths[2], wrong])
        with self.assertRaisesRegex(TypeError, "cos_paths .* int"):
            self.client.delete_files(BUCKET, [paths[2], 5])
        entry = next(each for each in self.client.iter_folder(BUCKET, self.folder)
                     if each.path == paths[1])
        self.assertEqual(self.client.delete_files(BUCKET, iter([entry, *paths[2:], missing])), [])
        left = [entry.path for entry in self.client.iter_folder(BUCKET, self.folder)]
        self.assertEqual(left, paths[:1])
        if API == "v4":
            self.fault({"type": "code", "code": -180}, op="delete", path=paths[0])
            expected = (paths[0], -180, None)
        else:
            key = paths[0][1:].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            body = f"<Key>{key}</Key><Code>ObjectLocked</Code><Message>No.</Message>"
            self.fault({"type": "reply", "status": 200, "content_type": "application/xml",
                        "headers": {"x-cos-request-id": "1"},
                        "body": f"<DeleteResult><Error>{body}</Error></DeleteResult>"}, op="delete_objects")
            expected = (paths[0], cos.Code.REFUSED, "ObjectLocked")
        failures = self.client.delete_files(BUCKET, [*paths[:1], missing], concurrency=1)
        self.assertEqual([(each.path, each.code, each.server_code) for each in failures], [expected])

    def test_a_deletion_that_finds_no_server_is_no_list_of_failures(self):
        self.fault({"type": "drop", "after": 0, "end": "reset"})
        with self.assertRaises(cos.ConnectionFailed):
            self.client.delete_files(BUCKET, [f"{self.folder}{number}" for number in range(3)], retries=0)

    def test_a_list_of_the_json_api_is_read_to_its_end_before_its_files_are_deleted(self):
        deleted = []

        def paths():
            for number in range(1001):
                self.assertTrue(API == "v5" or not deleted)
                yield f"{self.folder}{number}"

        keep = lambda _, batch, __: deleted.extend(batch) or []
        with mock.patch.object(self.client, "_delete", side_effect=keep) as mocked:
            self.assertEqual(self.client.delete_files(BUCKET, paths()), [])
        self.assertEqual((len(deleted), mocked.call_count), (1001, 1 if API == "v4" else 2))

    def test_a_tree_is_deleted(self):
        for name in ("a", "one/b", "one/two/c"):
            self.client.upload_buffer(BUCKET, self.folder + name, b"")
        self.client.create_folder(BUCKET, self.folder + "empty/")
        self.assertEqual(self.client.delete_tree(BUCKET, self.folder), [])
        self.assertFalse(self.client.exists(BUCKET, self.folder))
        self.assertFalse(self.client.exists(BUCKET, self.folder + "empty/"))


class Streams(Test):
    CONTENT = os.urandom(9_500_000)

    def test_files_iterables_and_functions_are_uploaded(self):
        size = len(self.CONTENT)
        pieces = [self.CONTENT[at:at + 700_001] for at in range(0, size, 700_001)]
        local = self.local("content", self.CONTENT)
        with open(local, "rb") as file:
            contents = {"file": file, "iterable": iter(pieces), "bytes": self.CONTENT,
                        "function": io.BytesIO(self.CONTENT).read,
                        "raw": io.FileIO(local), "array": [bytearray(self.CONTENT)]}
            for name, content in contents.items():
                path = self.folder + name
                self.client.upload_stream(BUCKET, path, size, content)
                self.assertTrue(self.client.download_buffer(BUCKET, path) == self.CONTENT, name)
        contents["raw"].close()

    def test_a_file_knows_its_size(self):
        content = io.BytesIO(b"before|content")
        content.seek(7)
        self.client.upload_stream(BUCKET, self.folder + "a", None, content)
        self.assertEqual(self.client.download_buffer(BUCKET, self.folder + "a"), b"content")

    def test_the_size_may_be_unknown(self):
        self.only("v5", self.client.upload_stream, BUCKET, self.folder + "a", None,
                  (b"x" * size for size in (0, 3, 1)), refused="size")

    def test_a_download_is_a_file(self):
        path = self.folder + "a"
        self.client.upload_buffer(BUCKET, path, self.CONTENT)
        with self.client.open(BUCKET, path) as raw:
            self.assertIsInstance(raw, io.RawIOBase)
            self.assertFalse(raw.seekable() or raw.writable())
            self.assertEqual(raw.read(0), b"")
            buffered = io.BufferedReader(raw, 100_000)
            self.assertEqual(buffered.read(7), self.CONTENT[:7])
            self.assertTrue(buffered.read() == self.CONTENT[7:])
            self.assertEqual(buffered.read(), b"")
        with self.assertRaises(ValueError):
            raw.read(1)

    def test_a_download_that_is_closed_leaves_the_transfer_of_the_program(self):
        self.client.upload_buffer(BUCKET, self.folder + "a", b"x")
        transfer = cos.Transfer()
        with self.client.open(BUCKET, self.folder + "a", transfer=transfer) as file:
            self.assertEqual(file.read(), b"x")
        self.assertFalse(transfer.cancelled)

    def test_a_download_that_is_closed_early_is_stopped(self):
        path = self.folder + "a"
        self.client.upload_buffer(BUCKET, path, self.CONTENT)
        with self.client.open(BUCKET, path) as raw:
            raw.read(1)
        self.client.open(BUCKET, path)

    def test_a_missing_file_is_not_opened(self):
        with self.assertRaises(cos.NotFound):
            self.client.open(BUCKET, self.folder + "missing")

    def test_an_empty_file_and_a_range_are_read(self):
        self.client.upload_buffer(BUCKET, self.folder + "empty", b"")
        with self.client.open(BUCKET, self.folder + "empty") as raw:
            self.assertEqual(raw.read(), b"")
        self.client.upload_buffer(BUCKET, self.folder + "ten", b"0123456789")
        with self.client.open(BUCKET, self.folder + "ten", range_start=2, range_end=4) as raw:
            self.assertEqual(raw.read(), b"234")

    def test_damage_shows_at_the_end_of_a_file_that_is_read(self):
        path = self.folder + "a"
        self.client.upload_buffer(BUCKET, path, b"x" * 1000)
        self.fault({"type": "corrupt", "at": 5}, op="download" if API == "v4" else "get_object")
        with self.client.open(BUCKET, path, retries=0) as raw, self.assertRaises(cos.IntegrityError):
            while raw.read(100):
                pass

    def test_sinks_are_files_and_functions(self):
        path = self.folder + "a"
        self.client.upload_buffer(BUCKET, path, self.CONTENT)
        sink, pieces = io.BytesIO(), []
        self.client.download_stream(BUCKET, path, sink)
        self.client.download_stream(BUCKET, path, pieces.append)
        with open(self.local("copy"), "wb", buffering=0) as file:
            self.client.download_stream(BUCKET, path, file)
        with open(self.local("copy"), "rb") as file:
            self.assertTrue(sink.getvalue() == b"".join(pieces) == file.read() == self.CONTENT)

    def test_an_archive_is_read_from_the_bucket(self):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(__file__, "member")
        self.client.upload_buffer(BUCKET, self.folder + "a.tgz", archive.getvalue())
        with self.client.open(BUCKET, self.folder + "a.tgz") as raw, \
                tarfile.open(fileobj=raw, mode="r|gz") as tar:
            self.assertEqual([member.name for member in tar], ["member"])

    def test_what_a_stream_raises_arrives(self):
        class Broken(Exception):
            pass

        def broken(*_):
            raise Broken

        with self.assertRaises(Broken):
            self.client.upload_stream(BUCKET, self.folder + "a", 9, broken)
        self.client.upload_buffer(BUCKET, self.folder + "b", b"x")
        with self.assertRaises(Broken):
            self.client.download_stream(BUCKET, self.folder + "b", broken)
        with self.assertRaises(TypeError):
            self.client.upload_stream(BUCKET, self.folder + "c", 4, "text")


class Helpers(Test):
    def test_what_exists(self):
        self.client.upload_buffer(BUCKET, self.folder + "a", b"")
        self.client.upload_buffer(BUCKET, self.folder + "implied/c", b"")
        self.client.create_folder(BUCKET, self.folder + "empty/")
        for name, is_there in (("a", True), ("b", False), ("a/", False), ("other/", False),
                               ("empty/", True), ("implied/", True), ("implied", False)):
            self.assertIs(self.client.exists(BUCKET, self.folder + name), is_there, name)
        with self.assertRaises(cos.NoSuchBucket):
            self.client.exists("no-such-bucket", "/a")

    def test_urls(self):
        path = self.folder + "a b.txt"
        self.client.upload_buffer(BUCKET, path, b"content")
        self.client.upload_buffer("public-bucket", path, b"public", insert_only=False)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({"http": f"http://{HOST}"}))

        def fetch(url, **options):
            with opener.open(urllib.request.Request(url, **options)) as response:
                return response.read()

        self.assertEqual(fetch(self.client.presign_get(BUCKET, path)), b"content")
        public = self.client.public_url("public-bucket", path)
        self.assertNotIn("?", public)
        self.assertEqual(fetch(public), b"public")
        signed = self.only("v5", self.client.presign_put, BUCKET, path, 60,
                           headers={"Content-Type": "text/plain"}, refused="method")
        if signed:
            self.assertEqual(signed.headers, {"Content-Type": "text/plain"})
            fetch(signed.url, data=b"put", headers=signed.headers, method="PUT")
            self.assertEqual(self.client.download_buffer(BUCKET, path), b"put")

    def test_meta(self):
        path = self.folder + "a"
        self.client.upload_buffer(BUCKET, path, b"", meta={"one": "1"}, content_type="text/html")
        headers = self.client.stat_file(BUCKET, path)["data"]["custom_headers"]
        self.assertEqual(headers["x-cos-meta-one"], "1")
        self.client.update_file(BUCKET, path, meta={"two": "2"})
        headers = self.client.stat_file(BUCKET, path)["data"]["custom_headers"]
        self.assertEqual(headers["x-cos-meta-two"], "2")
        self.assertNotIn("x-cos-meta-one", headers)

    def test_progress_is_told_to_functions_and_bars(self):
        local, told, bar = self.local("a", b"x" * 3_000_000), [], Bar()
        self.client.upload_file(BUCKET, self.folder + "a", local,
                                progress=lambda done, total: told.append((done, total)))
        self.assertEqual(told[-1], (3_000_000, 3_000_000))
        self.client.download_file(BUCKET, self.folder + "a", self.local("b"), progress=bar)
        self.assertEqual((bar.n, bar.total), (3_000_000, 3_000_000))


class Failures(Test):
    def fails(self, kind, call, *arguments, **options):
        with self.assertRaises(kind) as raised:
            call(*arguments, **options)
        return raised.exception

    def test_classes_and_fields(self):
        path = self.folder + "a"
        error = self.fails(cos.NotFound, self.client.stat_file, BUCKET, path)
        self.assertIsInstance(error, cos.CosError)
        self.assertEqual((error.code, error.name), (cos.Code.NOT_FOUND, "COS_ERR_NOT_FOUND"))
        self.assertEqual((error.http_status, error.phase), (404, "server"))
        self.assertEqual(error.server_code, "NoSuchKey" if API == "v5" else None)
        self.assertTrue(error.request_id)
        self.assertFalse(error.retryable)
        self.client.upload_buffer(BUCKET, path, b"")
        self.fails(cos.FileExists, self.client.upload_buffer, BUCKET, path, b"other")
        self.client.create_folder(BUCKET, self.folder + "sub/")
        self.fails(cos.FolderExists, self.client.create_folder, BUCKET, self.folder + "sub/")
        self.client.upload_buffer(BUCKET, self.folder + "sub/a", b"")
        self.fails(cos.FolderNotEmpty, self.client.del_folder, BUCKET, self.folder + "sub/")
        self.fails(cos.NoSuchBucket, self.client.stat_file, "no-such-bucket", path)
        error = self.fails(cos.BadArgument, self.client.stat_file, BUCKET, path, no_such=1)
        self.assertIsInstance(error, ValueError)
        self.assertEqual(error.argument, "no_such")

    def test_wrong_keys_are_bad_credentials(self):
        self.client.set_credentials("1250000000", "EXAMPLE_SECRET_ID", "WRONG")
        error = self.fails(cos.BadCredentials, self.client.upload_buffer, BUCKET, "/a", b"")
        self.assertIsInstance(error, cos.AccessDenied)
        self.assertTrue(error.hint)
        self.assertIn(error.hint, str(error))

    def test_a_service_that_is_busy(self):
        words = {"v4": {"type": "code", "code": -71}, "v5": {"type": "error", "code": "SlowDown"}}
        self.fault({**words[API], "status": 503})
        error = self.fails(cos.RateLimited, self.client.list_folder, BUCKET, "/", retries=0)
        self.assertTrue(error.retryable)

    def test_local_files(self):
        self.client.upload_buffer(BUCKET, self.folder + "a", b"x")
        upload, download = self.client.upload_file, self.client.download_file
        missing = self.local("missing")
        error = self.fails(FileNotFoundError, upload, BUCKET, self.folder + "b", missing)
        self.assertIsInstance(error, cos.LocalFileError)
        self.assertEqual((error.code, error.filename, error.errno), (-1, missing, 2))
        self.fails(FileNotFoundError, download, BUCKET, self.folder + "a",
                   os.path.join(missing, "a"))
        there = self.local("there", b"")
        error = self.fails(FileExistsError, download, BUCKET, self.folder + "a", there,
                           overwrite=False)
        self.assertIsInstance(error, cos.CosError)
        error = self.fails(cos.LocalFileError, upload, BUCKET, self.folder + "b", self.directory)
        self.assertEqual((error.filename, error.errno), (self.directory, errno.EISDIR))
        error = self.fails(FileNotFoundError, cos.Client, "1250000000", "ID", "KEY", "sh",
                           ca_file=missing)
        self.assertEqual((error.argument, error.filename), ("ca_file", None))

    def test_no_connection(self):
        nobody = cos.Client("1250000000", "ID", "KEY", api=API, scheme="http",
                            hostname="localhost:1", download_hostname="localhost:1", retries=0)
        error = self.fails(cos.ConnectionFailed, nobody.stat_file, BUCKET, "/a")
        self.assertIsInstance(error, ConnectionError)
        self.assertEqual(error.phase, "connect")

    def test_errors_travel_between_processes(self):
        for error in (
            self.fails(cos.NotFound, self.client.stat_file, BUCKET, self.folder + "a"),
            self.fails(FileNotFoundError, self.client.upload_file, BUCKET, "/a", "/no such file"),
        ):
            copy = pickle.loads(pickle.dumps(error))
            self.assertIs(type(copy), type(error))
            self.assertEqual((str(copy), copy.__dict__), (str(error), error.__dict__))
        self.assertEqual((copy.filename, copy.errno), ("/no such file", errno.ENOENT))

    def test_a_log_that_fails_ends_no_call(self):
        def fail(level, line):
            raise RuntimeError("of the log")

        told = []
        self.client.set_log(cos.LogLevel.REQUESTS, fail)
        with mock.patch("sys.unraisablehook", told.append):
            self.client.upload_buffer(BUCKET, self.folder + "a", b"x")
            self.client.stat_file(BUCKET, self.folder + "a")
        self.assertGreaterEqual(len(told), 2)
        for each in told:
            self.assertEqual(str(each.exc_value), "of the log")
        self.client.set_log(cos.LogLevel.REQUESTS, None)
        self.client.stat_file(BUCKET, self.folder + "a")

    def test_wrong_types_and_closed_clients(self):
        self.fails(TypeError, self.client.stat_file, BUCKET, 5)
        self.fails(TypeError, cos.Client, 1250000000, "", "")
        self.fails(TypeError, self.client.sign_more, BUCKET, "/a", "60")
        self.fails(OverflowError, self.client.sign_more, BUCKET, "/a", 2**70)
        self.fails(TypeError, self.client.request, "PUT", BUCKET, "/a", body="text")
        self.fails(ValueError, self.client.stat_file, BUCKET, "/a\0b")
        self.fails(ValueError, self.client.set_log, 7, print)
        for wrong in (dict(deadline="1"), dict(deadline=float("nan")), dict(transfer=1),
                      dict(progress=1), dict(meta="a")):
            error = self.fails(TypeError, self.client.upload_buffer, BUCKET, "/a", b"", **wrong)
            self.assertIn(next(iter(wrong)), str(error))
        self.client.close()
        self.client.close()
        for call in (self.client.stat_file, self.client.presign_get):
            error = self.fails(cos.BadArgument, call, BUCKET, "/a")
            self.assertEqual((error.argument, error.message), ("client", "client is closed"))


if __name__ == "__main__":
    unittest.main()
