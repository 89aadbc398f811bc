"""The package for Conan 2, of what `make lib` has built. BUILD is make's directory, `build` if it is not given:

    conan export-pkg packaging/conan -o shared=True
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Libcos(ConanFile):
    name = "libcos"
    description = "Tencent Cloud Object Storage, JSON API v4 and XML API v5, for every language that can call C"
    license = "MIT OR Apache-2.0"
    topics = ("cos", "tencent", "object-storage")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}

    def set_version(self):
        manifest = load(self, Path(self.recipe_folder, "../../Cargo.toml"))
        self.version = re.search(r'^version = "(.*)"$', manifest, re.MULTILINE).group(1)

    def export(self):
        copy(self, "cos.pc.in", Path(self.recipe_folder, ".."), self.export_folder)

    def layout(self):
        self.folders.root = "../.."
        self.folders.build = os.environ.get("BUILD", "build")
        self.folders.generators = str(Path(self.folders.build, "conan"))

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("make builds this package on Linux: use the archives of make dist")

    def package_id(self):
        # The C interface is the same for every compiler, and what is built is optimised.
        del self.info.settings.compiler
        del self.info.settings.build_type

    def package(self):
        source, package = Path(self.source_folder), Path(self.package_folder)
        built = Path(self.build_folder, "lib")
        found = copy(self, "libcos.so*" if self.options.shared else "libcos.a", built, package / "lib")
        if not found:
            raise FileNotFoundError(f"no library is in {built}: run make lib first")
        copy(self, "cos.h*", source / "include", package / "include")
        copy(self, "LICENSE*", source, package / "licenses")
        notices = [sys.executable, "-B", source / "packaging/notices.py", package / "licenses"]
        subprocess.run(notices, check=True)

    def package_info(self):
        self.cpp_info.libs = ["cos"]
        self.cpp_info.set_property("cmake_file_name", "cos")
        self.cpp_info.set_property("cmake_target_name", "cos::cos")
        self.cpp_info.set_property("pkg_config_name", "cos")
        if not self.options.shared:
            private = load(self, Path(self.recipe_folder, "cos.pc.in"))
            private = re.search(r"^Libs\.private: (.*)$", private, re.MULTILINE).group(1)
            self.cpp_info.system_libs = [name.removeprefix("-l") for name in private.split()]
