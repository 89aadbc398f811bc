//! Writes `include/cos.h`: what `make header` runs.

mod render;

fn main() -> std::io::Result<()> {
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/include/cos.h"), render::header())
}
