//! Forms: as many bytes are read as were announced, and the content is among them, however they
//! are read.
#![no_main]

use std::io::Read;

use cos::content::source::Source;
use cos::content::stretch::Stretch;
use cos::protocol::v4::form::Form;
use cos::transfer::Transfer;
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(Debug, arbitrary::Arbitrary)]
struct Input<'a> {
    values: Vec<&'a str>,
    data: Option<&'a [u8]>,
    from: usize,
    until: usize,
    with_sha: bool,
    steps: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let transfer = Transfer::default();
    let mark = transfer.mark();
    let source = input.data.map(Source::Buffer);
    let len = input.data.map_or(0, <[u8]>::len);
    let until = input.until.min(len);
    let stretch = input.from.min(until)..until;
    let content = source.as_ref().map(|source| {
        let (offset, len) = (stretch.start as u64, stretch.len() as u64);
        let content = Stretch::new(source, offset, len, &mark);
        if input.with_sha { content.with_sha1() } else { content }
    });
    let fields: Vec<_> = input.values.iter().map(|value| ("field", value.to_string())).collect();
    let mut form = Form::new(&fields, None, content);
    let announced = form.size();
    let mut read = Vec::new();
    let mut steps = input.steps.iter().map(|step| usize::from(*step) + 1).cycle();
    loop {
        let mut buf = vec![0; steps.next().unwrap_or(300)];
        match form.read(&mut buf).unwrap() {
            0 => break,
            n => read.extend_from_slice(&buf[..n]),
        }
    }
    assert_eq!(read.len() as u64, announced);
    let contains = |part: &[u8]| part.is_empty() || read.windows(part.len()).any(|w| w == part);
    assert!(input.values.iter().all(|value| contains(value.as_bytes())));
    if let Some(data) = input.data {
        assert!(contains(&data[stretch]));
        assert!(!input.with_sha || contains(b"name=\"sha\"\r\n\r\n"));
    }
});
