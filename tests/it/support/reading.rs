//! What must hold of whatever is read, however broken: of mail changed at random, and of what a fuzzer comes upon.

use malote::engine::MessagePage;
use malote::mail::body::{each_attachment, source};
use malote::mail::{Envelope, MessageView, Readable, Searchable};
use malote::page::document_of;

/// Neither what a terminal or a screen obeys, nor what turns the direction of what stands beside it.
fn is_fit(text: &str) -> bool {
    let is_bad = |c: char| {
        c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    !text.contains(is_bad)
}

/// Does everything that is done with a message between the store and the window; what is wrong with what came of it.
pub fn read(raw: &[u8]) -> Result<(), String> {
    let view = MessageView::from_raw(raw);
    let lines = [&view.shown_from, &view.shown_subject, &view.readable];
    let fields = view.headers.iter().map(|(_, value)| value);
    if let Some(text) = lines.into_iter().chain(fields).chain(&view.warnings).find(|text| !is_fit(text)) {
        return Err(format!("not fit for the screen: {text:?}"));
    }
    if [&view.shown_from, &view.shown_subject].iter().any(|line| line.contains(['\n', '\r'])) {
        return Err("a line that is several".into());
    }
    for attachment in &view.attachments {
        let name = &attachment.safe_name;
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\n']) || !is_fit(name) {
            return Err(format!("not a safe name: {name:?}"));
        }
    }
    let mut handed = 0;
    let counted = each_attachment(raw, |attachment, bytes| {
        handed += 1;
        if attachment.size_bytes == bytes.len() as u64 {
            Ok(())
        } else {
            Err(format!("{attachment:?} has {}", bytes.len()))
        }
    });
    counted?;
    // More than a thousand are not listed, and that is said.
    if handed != view.attachments.len() && !(view.attachments.len() == 1000 && handed > 1000) {
        return Err(format!("{handed} attachments of {}", view.attachments.len()));
    }
    let envelope = Envelope::from_raw(raw);
    if envelope.subject != view.envelope.subject || envelope.message_id != view.envelope.message_id {
        return Err("the list and the message do not agree".into());
    }
    if !is_fit(&source(raw)) {
        return Err("a source that is not fit for the screen".into());
    }
    let _ = (Searchable::from_raw(raw), Readable::from_raw(raw), MessagePage::from_raw(raw, &[]), document_of(raw));
    Ok(())
}
