//! Forms: as many bytes are read as were announced, and the content is among them, however they
//! are read.
#![no_main]

use std::io::Read;

use cos::content::hash::hex;
use cos::protocol::v4::form::{Content, Form, FormReader};
use cos::content::source::Source;
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
    let content = source.as_ref().map(|source| Content {
        source,
        offset: stretch.start as u64,
        len: stretch.len() as u64,
        with_sha: input.with_sha,
        mark: &mark,
    });
    let fields = input.values.iter().map(|value| ("field", value.to_string())).collect();
    let form = Form { fields, parts: None, content };
    let mut reader = FormReader::new(&form);
    let announced = reader.size();
    let mut read = Vec::new();
    let mut steps = input.steps.iter().map(|step| usize::from(*step) + 1).cycle();
    loop {
        let mut buf = vec![0; steps.next().unwrap_or(300)];
        match reader.read(&mut buf).unwrap() {
            0 => break,
            n => read.extend_from_slice(&buf[..n]),
        }
    }
    assert_eq!(read.len() as u64, announced);
    let contains = |part: &[u8]| part.is_empty() || read.windows(part.len()).any(|w| w == part);
    assert!(input.values.iter().all(|value| contains(value.as_bytes())));
    if let Some(data) = input.data {
        assert!(contains(&data[stretch]));
        assert_eq!(reader.sha.is_some(), input.with_sha);
    }
    if let Some(sha) = &reader.sha {
        assert!(sha.len() == hex(&[0; 20]).len() && contains(sha.as_bytes()));
    }
});
