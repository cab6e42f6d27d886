//! What was said on a line.

/// What was said on a line, for a person who looks for a fault. Only for conversations without secrets.
#[derive(Default)]
pub struct Record {
    said: Vec<(bool, Vec<u8>)>,
    bytes: usize,
}

/// Octets of a conversation that are kept.
const RECORD_BYTES: usize = 64 * 1024;

impl Record {
    pub(super) fn add(&mut self, ours: bool, octets: &[u8]) {
        let octets = octets.get(..octets.len().min(RECORD_BYTES.saturating_sub(self.bytes))).unwrap_or_default();
        self.bytes += octets.len();
        match self.said.last_mut() {
            Some((last, said)) if *last == ours => said.extend_from_slice(octets),
            _ => self.said.push((ours, octets.to_vec())),
        }
    }

    /// Line by line; true: ours.
    pub fn lines(&self) -> impl Iterator<Item = (bool, String)> + '_ {
        self.said.iter().flat_map(|(ours, octets)| {
            let text = String::from_utf8_lossy(octets).into_owned();
            text.lines().map(|line| (*ours, line.to_owned())).collect::<Vec<_>>()
        })
    }
}
