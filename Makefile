# make            the libraries, the header and the command cos, in build/ and include/
# make install    into PREFIX (/usr/local), below DESTDIR if that is given; make uninstall
# make demo       the whole round against the emulator, from the command line and from C
# make emulator   a server that stands in for COS, on 127.0.0.1:9000; its data is in build/emulator
# make docs       the manual of cos.h and cos.hpp as HTML, in build/docs
# make test       everything that is tested; installs the Debian packages it needs
# make bench      libcos beside a hand-written libcurl program; ROWS=, REPEAT=, DIR= choose
# make soak       16 threads through a network that breaks something every second; MINUTES=, SEED=
# make abi        writes down the binary interface anew, after a change that is meant

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2
STRIP ?= strip
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
DESTDIR ?=

TARGET := $(or $(CARGO_TARGET_DIR),target)
VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
ABI := $(shell sed -n 's/^const ABI_VERSION: &str = "\(.*\)";/\1/p' build.rs)
PRIVATE := $(shell sed -n 's/^Libs.private: //p' packaging/cos.pc.in)
BUILD ?= build
LIB := $(BUILD)/lib

.PHONY: all lib install uninstall demo emulator docs test bench soak abi lint check-tools clean

all: $(BUILD)/bin/cos

# Without the Rust library among them, the crate types can be optimised as a whole.
lib:
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib
	mkdir -p $(LIB)
	install -m 755 $(TARGET)/release/libcos.so $(LIB)/libcos.so.$(ABI)
	ln -sf libcos.so.$(ABI) $(LIB)/libcos.so
	install -m 644 $(TARGET)/release/libcos.a $(LIB)/libcos.a
	$(STRIP) -S $(LIB)/libcos.a

$(BUILD)/bin/cos: examples-c/cos.c lib
	mkdir -p $(BUILD)/bin
	$(CC) -std=c99 $(CFLAGS) -Iinclude $< $(LIB)/libcos.a $(PRIVATE) $(LDFLAGS) -o $@
	$(STRIP) $@

# Only copies, so that root need not build.
install:
	@test -e $(BUILD)/bin/cos || { echo "run make first" >&2; exit 1; }
	@$(check_paths)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/cmake/cos
	install -m 755 $(LIB)/libcos.so.$(ABI) $(DESTDIR)$(LIBDIR)
	ln -sf libcos.so.$(ABI) $(DESTDIR)$(LIBDIR)/libcos.so
	install -m 644 $(LIB)/libcos.a $(DESTDIR)$(LIBDIR)
	install -m 644 include/cos.h include/cos.hpp $(DESTDIR)$(PREFIX)/include
	install -m 755 $(BUILD)/bin/cos $(DESTDIR)$(PREFIX)/bin
	$(call fill,cos.pc) >$(DESTDIR)$(LIBDIR)/pkgconfig/cos.pc
	$(call fill,cos-config.cmake) >$(DESTDIR)$(LIBDIR)/cmake/cos/cos-config.cmake
	$(call fill,cos-config-version.cmake) >$(DESTDIR)$(LIBDIR)/cmake/cos/cos-config-version.cmake

check_paths = case "$(PREFIX)|$(LIBDIR)|$(DESTDIR)" in \
    *[[:space:]]* | [!/]* | *"|"[!/]*"|"*) \
    echo "PREFIX and LIBDIR must be absolute, and no path may have blanks" >&2; exit 1 ;; esac

space := $(subst ,, )
fill = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
    -e 's|@ABI@|$(ABI)|' -e 's|@VERSION@|$(VERSION)|' \
    -e 's|@MAJOR@|$(word 1,$(subst ., ,$(VERSION)))|' \
    -e 's|@MINOR@|$(word 2,$(subst ., ,$(VERSION)))|' \
    -e 's|@PRIVATE@|$(subst $(space),;,$(PRIVATE))|' \
    -e 's|@INCLUDE@|$(shell realpath -m --relative-to=$(LIBDIR)/cmake/cos $(PREFIX)/include)|' \
    packaging/$(1).in

uninstall:
	@$(check_paths)
	rm -f $(DESTDIR)$(PREFIX)/bin/cos
	rm -f $(DESTDIR)$(PREFIX)/include/cos.h $(DESTDIR)$(PREFIX)/include/cos.hpp
	rm -f $(DESTDIR)$(LIBDIR)/libcos.so $(DESTDIR)$(LIBDIR)/libcos.so.$(ABI)
	rm -f $(DESTDIR)$(LIBDIR)/libcos.a $(DESTDIR)$(LIBDIR)/pkgconfig/cos.pc
	rm -rf $(DESTDIR)$(LIBDIR)/cmake/cos

demo: all
	$(CARGO) build -p cos-emulator
	TARGET=$(TARGET) LIB=$(LIB) BUILD=$(BUILD) CC="$(CC)" examples-c/demo.sh

emulator:
	$(CARGO) run -p cos-emulator -- --port 9000 --data $(BUILD)/emulator

docs:
	mkdir -p $(BUILD)/docs
	VERSION=$(VERSION) OUT=$(BUILD)/docs doxygen docs/Doxyfile

test: check-tools lint all
	$(CARGO) test --workspace

bench: lib
	benches/install-tools.sh
	LIB=$(LIB) OUT=$(BUILD)/bench CC="$(CC)" ROWS="$(ROWS)" REPEAT="$(REPEAT)" DIR="$(DIR)" \
	    benches/run.py

soak:
	$(CARGO) run --example soak -- $(or $(MINUTES),5) $(SEED)

abi: lib
	abi/dump.sh include/cos.h abi/libcos.abi

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

check-tools:
	tests/install-tools.sh

clean:
	$(CARGO) clean
	rm -rf $(BUILD)
