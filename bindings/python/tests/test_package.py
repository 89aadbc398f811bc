"""The package as it is installed: where its parts agree, and what it reads of its surroundings."""

import ast
import contextlib
import importlib.metadata
import inspect
import io
import os
import pathlib
import re
import subprocess
import sys
import unittest
import warnings
from unittest import mock

import cos
from cos import aio, config
from emulator import ACCOUNT, API, BUCKET, OPTIONS, Test

SOURCE = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = pathlib.Path(cos.__file__).resolve().parent


class Package(unittest.TestCase):
    def test_the_tables_are_those_of_the_header(self):
        subprocess.run([sys.executable, SOURCE / "generate.py", "--check"], check=True)

    def test_every_code_has_the_name_of_the_library(self):
        library = cos.client._library.load(cos.client._library.path())
        for code in cos.Code:
            name = library.functions.cos_code_name(int(code)).decode()
            self.assertEqual(name.replace("COS_ERR_", "").replace("COS_", ""), code.name)

    def test_both_clients_have_the_same_calls(self):
        def calls(client):
            found = {name: inspect.signature(method)
                     for name, method in inspect.getmembers(client, callable)
                     if not name.startswith("_")}
            return {name: [str(each) for each in signature.parameters.values()]
                    for name, signature in found.items()}

        plain, other = calls(cos.Client), calls(aio.Client)
        self.assertEqual(set(plain) - set(other), {"open"})
        self.assertEqual(set(other) - set(plain), {"iter_download"})
        for name in set(plain) & set(other) - {"from_env", "upload_stream", "delete_files"}:
            self.assertEqual(plain[name], other[name], name)

    def test_every_call_is_described(self):
        for client in (cos.Client, aio.Client):
            for name, method in inspect.getmembers(client, callable):
                if not name.startswith("_"):
                    self.assertTrue(inspect.getdoc(method), name)

    def test_it_is_for_python_3_8(self):
        for file in PACKAGE.glob("*.py"):
            ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))

    def test_what_is_installed_is_whole(self):
        self.assertTrue((PACKAGE / "py.typed").exists())
        self.assertEqual({file.name for file in PACKAGE.glob("*.py")},
                         {file.name for file in (SOURCE / "cos").glob("*.py")})
        self.assertEqual(importlib.metadata.version("libcos"), cos.version())

    def test_the_readme_names_everything(self):
        readme = (SOURCE / "README.md").read_text(encoding="utf-8")
        calls = {name for client in (cos.Client, aio.Client)
                 for name, _ in inspect.getmembers(client, callable) if not name.startswith("_")}
        kinds = {name for name, kind in vars(cos).items()
                 if inspect.isclass(kind) and issubclass(kind, cos.CosError)}
        for name in calls | kinds:
            self.assertRegex(readme, rf"`(client\.|Client\.|await )?{name}\b", name)

    def test_the_library_is_found(self):
        own = cos.client._library.path
        with mock.patch.dict(os.environ, COS_LIBRARY="/elsewhere/libcos.so.1"):
            self.assertEqual(own(), "/elsewhere/libcos.so.1")
            self.assertEqual(own("/named"), "/named")
        with mock.patch.dict(os.environ):
            os.environ.pop("COS_LIBRARY", None)
            self.assertEqual(pathlib.Path(own()).parent, PACKAGE)
        with self.assertRaises(ImportError) as raised:
            cos.Client(*ACCOUNT, "sh", library="/no/such/libcos.so.1")
        self.assertIn("/no/such/libcos.so.1", str(raised.exception))
        with self.assertRaises(ImportError):
            cos.Client(*ACCOUNT, "sh", library=__file__)


class Readme(Test):
    def test_its_ten_lines_run(self):
        readme = (SOURCE / "README.md").read_text(encoding="utf-8")
        block = re.search(r"```python\n(.*?)```", readme, re.S).group(1)
        self.local("hello.txt", b"hello")
        here = os.getcwd()
        self.addCleanup(os.chdir, here)
        os.chdir(self.directory)
        printed = io.StringIO()
        with mock.patch("cos.Client", lambda *_: self.client), \
                contextlib.redirect_stdout(printed):
            exec(block.replace("mybucket", BUCKET), {})
        listed, url, failure = printed.getvalue().splitlines()
        self.assertEqual(listed, "/docs/hello.txt 5")
        self.assertRegex(url, "^http://.*sign")
        self.assertIn("COS_ERR_NOT_FOUND", failure)


class Configuration(Test):
    def setUp(self):
        super().setUp()
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COS_")}
        clean.update(HOME=self.directory, APPDATA=self.directory)
        clean.pop("XDG_CONFIG_HOME", None)
        self.enterContext(mock.patch.dict(os.environ, clean, clear=True))
        self.settings = dict(zip(config.NEEDED, ACCOUNT), **OPTIONS)

    def write(self, text, name="cos.conf"):
        path = self.local(name, text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o600)
        return path

    def test_a_file_is_read(self):
        lines = "".join(f" {name}\t= {value} \r\n" for name, value in self.settings.items())
        path = self.write("\ufeff# comment\n\n" + lines)
        self.assertEqual(config.read(path), self.settings)
        with cos.Client.from_env(path) as client:
            self.assertEqual(client.api, API)
            client.stat_folder(BUCKET, "/")
        os.environ["COS_CONFIG"] = path
        self.assertEqual(config.read(), self.settings)

    def test_the_environment_wins(self):
        path = self.write("appid = 1\nsecret_id = a\nsecret_key = b\ntoken = c\nregion = sh\n")
        os.environ["COS_REGION"] = "ap-shanghai"
        self.assertEqual(config.read(path)["region"], "ap-shanghai")
        self.assertEqual(config.read(path)["token"], "c")
        # A token belongs to the keys that it came with.
        os.environ["COS_SECRET_ID"] = "d"
        self.assertNotIn("token", config.read(path))
        os.environ["COS_SECRET_KEY"] = ""
        self.assertEqual(config.read(path)["secret_key"], "b")

    def test_a_profile_is_a_section_of_the_file(self):
        path = self.write("appid = '1'\nsecret_id = \"a b\"\nsecret_key = b\ntoken = c\n"
                          "[ work ]\nsecret_id = d\nregion = 'sh'\n[home]\nsecret_id = e\n")
        self.assertEqual(config.read(path), {"appid": "1", "secret_id": "a b", "secret_key": "b",
                                             "token": "c"})
        os.environ["COS_PROFILE"] = "work"
        self.assertEqual(config.read(path), {"appid": "1", "secret_id": "d", "secret_key": "b",
                                             "region": "sh"})
        self.assertEqual(config.read(path, "home")["secret_id"], "e")
        for kind in (cos.Client, aio.Client):
            with contextlib.closing(kind.from_env(path, profile="work")) as client:
                self.assertEqual(client.api, "v4")
        with self.assertRaisesRegex(cos.ConfigError, r"no section \[\]"):
            config.read(path, "")
        os.environ["COS_PROFILE"] = "none"
        with self.assertRaisesRegex(cos.ConfigError, r"no section \[none\]"):
            config.read(path)
        with self.assertRaisesRegex(cos.ConfigError, r"no section \[none\]"):
            config.read()

    def test_the_usual_places(self):
        text = "appid = 1\nsecret_id = a\nsecret_key = b\n"
        os.mkdir(self.local(".config"))
        self.write(text, ".config/cos.conf")
        self.assertEqual(config.read()["appid"], "1")
        os.environ["XDG_CONFIG_HOME"] = self.directory
        self.write(text.replace("1", "2"))
        self.assertEqual(config.read()["appid"], "2")

    def test_what_is_wrong_is_named_without_secrets(self):
        for text, said in (
            ("appid = 1\nsecret_id = a\n", "no secret_key: set COS_SECRET_KEY"),
            ("appid = 1\nsecret-key = hidden\n", "cos.conf:2: "),
            ("hidden\n", "cos.conf:1: "),
            ("secret_key = 'hidden\n", "cos.conf:1: "),
            ("secret_key = \"hidden\" x\n", "cos.conf:1: "),
            ("[]\n", "cos.conf:1: "),
            ("appid = 1\n".encode("utf-16"), "UTF-8"),
            (b"#" * 65536, "too large"),
        ):
            with self.assertRaises(cos.ConfigError) as raised:
                config.read(self.write(text))
            self.assertIn(said, str(raised.exception))
            self.assertNotIn("hidden", str(raised.exception))
        with self.assertRaises(cos.ConfigError) as raised:
            config.read(self.local("missing"))
        self.assertIn("No such file", str(raised.exception))
        with self.assertRaises(cos.ConfigError):
            config.read()

    @unittest.skipUnless(os.name == "posix", "about modes of files")
    def test_a_file_that_others_can_read_is_complained_of(self):
        path = self.write("appid = 1\nsecret_id = a\nsecret_key = b\n")
        os.chmod(path, 0o644)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            config.read(path)
        self.assertIn("others can read", str(caught[0].message))


if __name__ == "__main__":
    unittest.main()
