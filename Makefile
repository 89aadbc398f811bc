# make          the libraries and the header
# make demo     a C program does the whole round against the emulator
# make test     everything that is tested; installs the Debian packages it needs
# make bench    libcos beside a hand-written libcurl program; ROWS=, REPEAT=, DIR= choose
# make soak     16 threads through a network that breaks something every second; MINUTES=, SEED=
# make abi      writes down the binary interface anew, after a change that is meant

CARGO ?= cargo
CC ?= cc
TARGET := $(or $(CARGO_TARGET_DIR),target)
ABI := $(shell sed -n 's/^const ABI_VERSION: &str = "\(.*\)";/\1/p' build.rs)
BUILD ?= build
LIB := $(BUILD)/lib

.PHONY: all lib demo test bench soak abi lint check-tools clean

all: lib

# Without the Rust library among them, the crate types can be optimised as a whole.
lib:
	$(CARGO) rustc --release --lib --crate-type cdylib,staticlib
	mkdir -p $(LIB)
	install -m 755 $(TARGET)/release/libcos.so $(LIB)/libcos.so.$(ABI)
	ln -sf libcos.so.$(ABI) $(LIB)/libcos.so
	install -m 644 $(TARGET)/release/libcos.a $(LIB)/libcos.a

demo: lib
	$(CARGO) build -p cos-emulator
	TARGET=$(TARGET) LIB=$(LIB) CC="$(CC)" examples-c/demo.sh

test: check-tools lint lib
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
