//! The field `uploadparts`: `[{"offset":…,"datalen":…,"datasha":"…"},…]`, one entry a stretch.
//!
//! `datasha` is the state of the SHA-1 after the stretch, as [`States`] has it. From one state and
//! the next stretch's bytes the server must arrive at the next state, so it can check slices in any
//! order. The text of a large file is long, and made while it is sent.

use crate::content::hash::{States, hex};

/// The granularity of `uploadparts`, in bytes, unless slices are smaller.
pub const STEP: u64 = 1024 * 1024;

/// The text of entry `i`; `None` behind the last.
pub fn entry(states: &States, i: usize) -> Option<String> {
    let (offset, datalen, state) = states.after(i)?;
    let separator = if i == 0 { "" } else { "," };
    let datasha = hex(&state);
    Some(format!(r#"{separator}{{"offset":{offset},"datalen":{datalen},"datasha":"{datasha}"}}"#))
}

/// The length of all entries together.
pub fn text_len(states: &States) -> u64 {
    (0..).map_while(|i| entry(states, i)).map(|entry| entry.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::source::Source;
    use crate::stop::Stop;

    fn states(data: &[u8], step: u64) -> States {
        States::of(&Source::Buffer(data), step, &Stop::default()).unwrap()
    }

    fn text(states: &States) -> String {
        let entries: String = (0..).map_while(|i| entry(states, i)).collect();
        assert_eq!(text_len(states), entries.len() as u64);
        format!("[{entries}]")
    }

    fn content_a() -> Vec<u8> {
        (0..3_145_733u32).map(|i| (i % 251) as u8).collect()
    }

    #[test]
    fn uploadparts_vectors() {
        let states = states(&content_a(), STEP);
        assert_eq!(states.sha1(), "2e9a2143beea54b151b9922328b9b996b921188d");
        let part = |offset, datalen, datasha| serde_json::json!({"offset": offset, "datalen": datalen, "datasha": datasha});
        let parts: serde_json::Value = serde_json::from_str(&text(&states)).unwrap();
        assert_eq!(
            parts,
            serde_json::json!([
                part(0, 1_048_576, "463935c7eea4ca2705d0f481ecedb31f4d0f3a96"),
                part(1_048_576, 1_048_576, "657c72d675f1e792607e5c0a7405f66cbdb8c290"),
                part(2_097_152, 1_048_576, "c72cf079ae1aabdb935eddd8e951cd85c572042d"),
                part(3_145_728, 5, "2e9a2143beea54b151b9922328b9b996b921188d"),
            ])
        );
    }

    #[test]
    fn a_single_part_is_the_ordinary_digest() {
        let states = states(&content_a()[..1_048_576], STEP);
        assert_eq!(states.sha1(), "c2fc4cb20f1301a6b0dd211c19e69a13925dbe40");
        assert_eq!(
            text(&states),
            format!(r#"[{{"offset":0,"datalen":1048576,"datasha":"{}"}}]"#, states.sha1())
        );
    }
}
