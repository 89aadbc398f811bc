# make            the libraries and the command cos, in build/; make lib makes only the libraries
# make install    into PREFIX (/usr/local), below DESTDIR if that is given; make uninstall
# make wheel      the package for Python, with the library in it, into dist/
# make npm        the package for Node.js, in dist/
# make rock       the package for Lua, in dist/
# make go         the module for Go, in dist/
# make deb        the packages for Debian, in dist/: the library, its headers, cos, the emulator
# make tarball    the archive for this system, in dist/, with an install.sh that needs no root
# make emulator-wheel  the emulator as a package for Python, with fixtures for pytest, into dist/
# make emulator-npm    the emulator as a package for Node.js, into dist/
# make conan      puts the packages for Conan, shared and static, into Conan's cache
# make crates     the packages for cargo, in dist/: the library and the emulator
# make dist       the archives for every platform, in build/dist; PLATFORMS= chooses some
# make test-dist  those archives in bare systems: an old Debian, ARM64 under qemu, musl, Wine; PLATFORMS=
# make demo       the whole round against the emulator, from the command line and from C
# make emulator   a server that stands in for COS, on 127.0.0.1, port PORT (9000), until Ctrl-C
# make check      format, lints, and the tests that need nothing but Rust: for every day
# make test       everything that is tested; sets up what that needs
# make test-platforms  the same on ARM64, musl, Windows, by simulators; PLATFORMS=, SUITES=library choose
# make macos      checks the types of what macOS gets; nothing is run there
# make setup      installs what the tests need, or tells what is missing and how to get it
# make docs       the manual as HTML, in English and Chinese, in build/docs/html
# make man        the manual pages, in build/man; make install takes them along
# make bench      libcos beside a hand-written libcurl program; ROWS=, REPEAT=, DIR= choose
# make soak       16 threads through a network that breaks something every second; MINUTES=, SEED=
# make header     writes include/cos.h anew, after a change of the exported functions
# make abi        writes down the binary interface anew, after a change that is meant
# make clean      removes what was built
# make help       shows this

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2
STRIP ?= strip
OBJCOPY ?= objcopy
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=
DIST ?= dist
PYTHON ?= python3
CONAN ?= conan

TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release
# Cargo.toml tells the version and the number of the binary interface, cos.pc.in what a program needs
# that has the static library in it.
VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q;}' Cargo.toml)
ABI := $(shell sed -n '/^\[package.metadata.capi.library\]/,/^version/s/^version = "\([0-9]*\).*/\1/p' \
    Cargo.toml)
PRIVATE := $(shell sed -n 's/^Libs.private: //p' packaging/cos.pc.in)
BUILD ?= build
PORT = 9000
DATA = $(BUILD)/emulator/$(PORT)
LIB := $(BUILD)/lib
EMULATOR ?= $(RELEASE)/cos-emulator

# The system that the C compiler makes programs for: how its libraries are called, shared and to link
# with; what its linker is told; and how all but the functions of cos.h are made local in an object.
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq (,$(findstring mingw,$(MACHINE)))
SYSTEM := win32
EXE := .exe
else
SYSTEM := unix
endif
ifneq (,$(findstring darwin,$(MACHINE))$(findstring macos,$(MACHINE)))
SHARED := libcos.$(ABI).dylib
LINKED := libcos.dylib
SONAME := @rpath/$(SHARED)
PRIVATE :=
define MERGE
sed 's/^/_/' abi/symbols.txt >$(LIB)/symbols
$(CC) -r -nostdlib -Wl,-force_load,$< -Wl,-exported_symbols_list,$(LIB)/symbols -o $(LIB)/libcos.o
rm $(LIB)/symbols
endef
else
SHARED := libcos.so.$(ABI)
LINKED := libcos.so
SONAME := $(SHARED)
HARDEN := $(if $(EXE),,-Wl,-z,relro,-z,now)
define MERGE
$(LD) -r --gc-sections --force-group-allocation $(addprefix -u ,$(shell cat abi/symbols.txt)) \
    $< -o $(LIB)/libcos.o
$(OBJCOPY) --strip-debug --keep-global-symbols=abi/symbols.txt $(LIB)/libcos.o
endef
endif

MANUAL := $(if $(EXE),,$(BUILD)/cos-tool.1)
COMPLETION := $(if $(EXE),,$(addprefix $(BUILD)/completion/,cos _cos cos.fish))

# The tests against the emulator that need neither a C compiler nor other programs.
CHECKS := downloads hostile properties transfers trees uploads validation

.PHONY: all lib rust install config uninstall wheel npm deb tarball emulator-wheel emulator-npm conan crates rock go man \
    dist test-dist demo emulator check test test-platforms macos setup docs bench soak header abi style lint clean help

.DELETE_ON_ERROR:

all: lib $(BUILD)/bin/cos$(EXE) $(MANUAL) $(COMPLETION)
	@echo "$(LIB)/$(SHARED), $(LIB)/libcos.a, include/cos.h and $(BUILD)/bin/cos are made;" \
	    "make install installs them."

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

lib: $(LIB)/$(LINKED) $(LIB)/libcos.a

# Cargo knows what has changed. It leaves its files alone when nothing has, and so does what follows.
# Without the Rust library among them, the crate types can be optimised as a whole.
rust:
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib

$(RELEASE)/$(LINKED) $(RELEASE)/libcos.a: rust ;

$(LIB)/$(SHARED): $(RELEASE)/$(LINKED)
	mkdir -p $(LIB)
	install -m 755 $< $@

$(LIB)/$(LINKED): $(LIB)/$(SHARED)
	ln -sf $(SHARED) $@

# A single object in which the functions of cos.h alone are global: a program may have another library
# made by Rust in it, with a standard library of its own.
$(LIB)/libcos.a: $(RELEASE)/libcos.a abi/symbols.txt
	mkdir -p $(LIB)
	$(MERGE)
	rm -f $@
	$(AR) crs $@ $(LIB)/libcos.o
	rm $(LIB)/libcos.o

# The command, in C on cos.h alone. A file is compiled anew when it or a header that it includes has
# changed.
SYSTEMS := unix win32
CLI := $(filter-out $(SYSTEMS:%=cli/%.c),$(wildcard cli/*.c)) cli/$(SYSTEM).c
CLI := $(CLI:cli/%.c=$(BUILD)/cli/%.o)

$(BUILD)/bin/cos$(EXE): $(CLI) $(LIB)/libcos.a
	mkdir -p $(BUILD)/bin
	$(CC) $(CFLAGS) $^ $(PRIVATE) $(HARDEN) $(LDFLAGS) -o $@
	$(STRIP) $@

$(BUILD)/cli/%.o: cli/%.c
	mkdir -p $(BUILD)/cli
	$(CC) -std=c99 $(CFLAGS) -DCOS_STATIC -MMD -MP -Iinclude -c $< -o $@

-include $(CLI:.o=.d)

# The manual of the command and what makes shells complete it: the command itself makes them, if it runs on
# this machine.
$(BUILD)/cos-tool.1: WORDS := help man
$(BUILD)/completion/cos: WORDS := completion bash
$(BUILD)/completion/_cos: WORDS := completion zsh
$(BUILD)/completion/cos.fish: WORDS := completion fish
$(MANUAL) $(COMPLETION): $(BUILD)/bin/cos
	mkdir -p $(@D)
	if LC_ALL=C $< $(WORDS) >$@.new 2>/dev/null; then mv $@.new $@; else rm $@.new; fi

# Only copies, so that root need not build; the command and the manual pages, if they were made. In
# make lib install, lib comes first.
install: $(filter all lib,$(MAKECMDGOALS))
	@test -e $(LIB)/libcos.a || { echo "run make first" >&2; exit 1; }
	@$(check_paths)
	install -d $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(LIBDIR)
	install -m 755 $(LIB)/$(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/$(LINKED)
	install -m 644 $(LIB)/libcos.a $(DESTDIR)$(LIBDIR)
	install -m 644 include/cos.h include/cos.hpp $(DESTDIR)$(PREFIX)/include
	if $(has_command); then install -d $(DESTDIR)$(PREFIX)/bin; fi
	if $(has_command); then install -m 755 $(BUILD)/bin/cos $(DESTDIR)$(PREFIX)/bin; fi
	if $(has_manual); then install -d $(MANDIR)/man1; fi
	if $(has_manual); then install -m 644 $(BUILD)/cos-tool.1 $(MANDIR)/man1; fi
	if $(has_completion); then install -d $(SHELLS); fi
	if $(has_completion); then install -m 644 $(BUILD)/completion/cos $(word 1,$(SHELLS)); fi
	if $(has_completion); then install -m 644 $(BUILD)/completion/_cos $(word 2,$(SHELLS)); fi
	if $(has_completion); then install -m 644 $(BUILD)/completion/cos.fish $(word 3,$(SHELLS)); fi
	if [ -e $(MAN) ]; then install -d $(MANDIR)/man1 $(MANDIR)/man3; fi
	if [ -e $(MAN) ]; then install -m 644 $(MAN)/man1/*.1 $(MANDIR)/man1; fi
	if [ -e $(MAN) ]; then install -m 644 $(MAN)/man3/*.3 $(MANDIR)/man3; fi
	$(install_config)
	@echo "Installed below $(DESTDIR)$(PREFIX): include/cos.h, include/cos.hpp," \
	    "libcos in $(DESTDIR)$(LIBDIR)," \
	    "$$(if $(has_command); then echo "and bin/cos"; else echo "without the command cos"; fi)."

# The files for pkg-config and CMake alone.
config:
	@$(check_paths)
	$(install_config)

define install_config
install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/cos
$(call fill,cos.pc) >$(DESTDIR)$(LIBDIR)/pkgconfig/cos.pc
$(call fill,cos-config.cmake) >$(DESTDIR)$(LIBDIR)/cmake/cos/cos-config.cmake
$(call fill,cos-config-version.cmake) >$(DESTDIR)$(LIBDIR)/cmake/cos/cos-config-version.cmake
endef

has_command = [ -e $(BUILD)/bin/cos ]
has_manual = [ -e $(BUILD)/cos-tool.1 ]
has_completion = [ -e $(BUILD)/completion/cos ]

MAN := $(BUILD)/man
MANDIR = $(DESTDIR)$(PREFIX)/share/man

# Where bash, zsh and fish look.
SHELLS = $(addprefix $(DESTDIR)$(PREFIX)/share/, \
    bash-completion/completions zsh/site-functions fish/vendor_completions.d)

check_paths = case "$(PREFIX)|$(LIBDIR)|$(DESTDIR)" in \
    *[[:space:]]* | [!/]* | *"|"[!/]*"|"*) \
    echo "PREFIX and LIBDIR must be absolute, and no path may have blanks" >&2; exit 1 ;; esac

space := $(subst ,, )
# The way from the CMake files to PREFIX, or to the root where LIBDIR is elsewhere.
below = $(LIBDIR:$(PREFIX)/%=%)
up = $(subst $(space),/,$(patsubst %,..,$(subst /,$(space),$(below)/cmake/cos)))
fill = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
    -e 's|@SHARED@|$(SHARED)|' -e 's|@SONAME@|$(SONAME)|' \
    -e 's|@VERSION@|$(VERSION)|' \
    -e 's|@MAJOR@|$(word 1,$(subst ., ,$(VERSION)))|' \
    -e 's|@MINOR@|$(word 2,$(subst ., ,$(VERSION)))|' \
    -e 's|^Libs.private: .*|Libs.private: $(PRIVATE)|' -e 's|@PRIVATE@|$(subst $(space),;,$(PRIVATE))|' \
    -e 's|@INCLUDE@|$(up)/$(if $(filter /%,$(below)),$(PREFIX:/%=%)/)include|' \
    packaging/$(1).in

uninstall:
	@$(check_paths)
	rm -f $(DESTDIR)$(PREFIX)/bin/cos $(MANDIR)/man1/cos-tool.1
	rm -f $(word 1,$(SHELLS))/cos $(word 2,$(SHELLS))/_cos $(word 3,$(SHELLS))/cos.fish
	rm -f $(DESTDIR)$(PREFIX)/include/cos.h $(DESTDIR)$(PREFIX)/include/cos.hpp
	rm -f $(DESTDIR)$(LIBDIR)/$(LINKED) $(DESTDIR)$(LIBDIR)/$(SHARED)
	rm -f $(DESTDIR)$(LIBDIR)/libcos.a $(DESTDIR)$(LIBDIR)/pkgconfig/cos.pc
	rm -rf $(DESTDIR)$(LIBDIR)/cmake/cos
	rm -f $(MANDIR)/man1/cos-emulator.1 $(MANDIR)/man3/libcos.3
	rm -f $(patsubst %,$(MANDIR)/man3/%.3,$(shell cat abi/symbols.txt))

# The name of the package says which systems it is for: those with a C library as new as the symbols that
# this build of the library needs.
wheel: $(LIB)/$(SHARED)
	$(PYTHON) bindings/python/backend.py $< $(DIST) $(WHEEL_PLATFORM)

npm: lib
	@TARGET=$(TARGET) bindings/node/install-tools.sh
	rm -rf $(BUILD)/npm
	OUT=$(BUILD)/npm LIBRARY=$(LIB)/$(SHARED) CC="$(CC)" CFLAGS="$(CFLAGS)" STRIP="$(STRIP)" \
	    PYTHON=$(PYTHON) bindings/node/prebuild.sh
	DIST=$(DIST) OUT=$(BUILD)/npm VERSION=$(VERSION) bindings/node/package.sh

# It is compiled where it is installed, with the libcos that is there.
rock:
	@DIST=$(DIST) OUT=$(BUILD)/rock VERSION=$(VERSION) PYTHON=$(PYTHON) bindings/lua/package.sh

go:
	DIST=$(DIST) OUT=$(BUILD)/go VERSION=$(VERSION) bindings/go/package.sh

# There the command is linked with the library's own package.
deb: all man $(EMULATOR)
	mkdir -p $(BUILD)/deb
	$(CC) $(CFLAGS) $(CLI) -L$(LIB) -lcos $(HARDEN) $(LDFLAGS) -o $(BUILD)/deb/cos
	BUILD=$(BUILD) DIST=$(DIST) EMULATOR=$(EMULATOR) packaging/deb/build.sh

# Cargo knows whether it has to be made anew.
.PHONY: $(RELEASE)/cos-emulator
$(RELEASE)/cos-emulator:
	$(CARGO) build --release --package cos-emulator

tarball: all man
	BUILD=$(BUILD) DIST=$(DIST) packaging/tarball.sh

conan: lib
	$(CONAN) profile detect --exist-ok
	for shared in True False; do \
	    BUILD=$(BUILD) $(CONAN) export-pkg packaging/conan --no-remote -o shared=$$shared \
	        -c tools.cmake.cmaketoolchain:user_presets= \
	        -c "tools.cmake.cmake_layout:test_folder=$(abspath $(BUILD))/conan" || exit 1; done

# From the files as they are; what is published is made of a fresh clone.
crates:
	$(CARGO) package --quiet --no-verify --allow-dirty --package libcos --package cos-emulator
	mkdir -p $(DIST)
	cp $(TARGET)/package/libcos-$(VERSION).crate $(TARGET)/package/cos-emulator-$(VERSION).crate $(DIST)
	@echo "$(DIST)/libcos-$(VERSION).crate and $(DIST)/cos-emulator-$(VERSION).crate are made."

# The emulator as packages, for the tests of other programs.
emulator-wheel: $(EMULATOR)
	$(PYTHON) emulator/python/wheel.py $(EMULATOR) $(DIST) $(WHEEL_PLATFORM)

emulator-npm: $(EMULATOR)
	DIST=$(DIST) OUT=$(BUILD)/emulator-npm PROGRAM=$(EMULATOR) PYTHON=$(PYTHON) emulator/node/package.sh

# About fifteen minutes on two cores; later only what has changed is built anew.
dist:
	@TARGET=$(TARGET) packaging/install-tools.sh
	@TARGET=$(TARGET) OUT=$(BUILD)/dist packaging/dist.sh $(PLATFORMS)

# Nothing but the archives is used there, to build a C program and to run it against the emulator.
test-dist:
	@tests/dist/install-tools.sh
	$(CARGO) test --test dist -- --test-threads 1 --exact $(subst -,_,$(PLATFORMS))

demo: all
	$(CARGO) build -p cos-emulator
	TARGET=$(TARGET) LIB=$(LIB) BUILD=$(BUILD) CC="$(CC)" examples-c/demo.sh

emulator:
	@echo "Its objects are kept in $(DATA). Ctrl-C ends it. PORT= chooses another port, 0 a free one."
	$(CARGO) run -p cos-emulator -- --port $(PORT) --data $(DATA)

docs:
	@TARGET=$(TARGET) docs/manual/install-tools.sh
	$(TARGET)/manual/bin/python -B docs/manual/build.py $(BUILD)/docs/html
	@echo "The manual is $(BUILD)/docs/html/index.html."

man:
	$(PYTHON) -B docs/manual/man.py $(MAN)
	@echo "The manual pages are in $(MAN): man -l $(MAN)/man3/libcos.3"

# Most of the tests wait for something most of the time.
check: style
	RUST_TEST_THREADS=8 $(CARGO) test --quiet --lib
	RUST_TEST_THREADS=8 $(CARGO) test --quiet --test it -- $(CHECKS:%=%::)
	RUST_TEST_THREADS=8 $(CARGO) test --quiet --no-fail-fast --package cos-emulator --lib --tests
	@echo "All is well. make test tries the rest: C, the bindings, TLS, proxies, what the manual says."

test: setup lint all
	$(CARGO) test --workspace --no-fail-fast
	$(MAKE) test-platforms SUITES=library PLATFORMS="linux-x86_64-musl linux-s390x"

# docs/platforms.md says which there are and what is tried on them.
test-platforms:
	TARGET=$(TARGET) SUITES=$(SUITES) tests/platforms/run.sh $(PLATFORMS)

macos:
	@TARGET=$(TARGET) tests/macos.sh

setup:
	@TARGET=$(TARGET) tests/install-tools.sh

bench: lib
	OUT=$(BUILD)/bench benches/install-tools.sh
	LIB=$(LIB) OUT=$(BUILD)/bench CC="$(CC)" ROWS="$(ROWS)" REPEAT="$(REPEAT)" DIR="$(DIR)" \
	    benches/run.py
	@echo "The programs that were measured are in $(BUILD)/bench."

soak:
	$(CARGO) run --example soak -- $(or $(MINUTES),5) $(SEED)

header:
	$(CARGO) run --quiet --example header
	@echo "include/cos.h is written; git diff shows what has changed."

abi:
	abi/dump.sh include/cos.h abi/libcos.abi
	@echo "abi/libcos.abi is written; git diff shows what has changed."

# The fuzz targets are a workspace of their own, checked without libFuzzer, which is in C++.
style:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --test dist -- -D warnings
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --manifest-path fuzz/Cargo.toml --locked --no-default-features \
	    --target-dir $(TARGET) -- -D warnings

lint: style
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

clean:
	$(CARGO) clean
	rm -rf $(BUILD) dist
