//! What a PDF is made of, before it is one: words, breaks and links of pages that are laid out.

use super::breaks::Hold;
use super::*;
use crate::page::{STACK_BYTES, html_of_text};

/// What is known of a page that was laid out.
struct LaidOut {
    kept: Vec<Kept>,
    links: Vec<sheet::Link>,
    slices: Vec<Slice>,
}

/// Lays out and paints, on a thread with the stack that it needs.
fn laid_out(html: String) -> LaidOut {
    let work = || {
        let (width, height) = Paper::A4.room_px();
        let sheet = sheet(Document { html, resources: Vec::new() }, width, &Fonts::of_system()).unwrap();
        let slices = slices(std::slice::from_ref(&sheet), height);
        LaidOut { kept: sheet.kept, links: sheet.links, slices }
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

impl LaidOut {
    fn lines(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(|kept| kept.hold == Hold::Line)
    }

    fn lines_cut(&self) -> usize {
        let is_cut = |line: &&Kept| {
            self.slices.iter().any(|slice| line.top + 0.6 < slice.bottom && line.bottom - 0.6 > slice.bottom)
        };
        self.lines().filter(is_cut).count()
    }
}

#[test]
fn no_line_is_cut_whatever_the_page_is_made_of() {
    let text: String = (0..900).map(|n| format!("> line {n} of a text that says something\n\nand {n}\n")).collect();
    let rows: String = (0..400).map(|n| format!("<tr><td>row {n}<br>second<td><p>cell {n}</p><h3>head</h3>")).collect();
    let list: String = (0..300).map(|n| format!("<li style='font-size:{}px'>item {n}", 9 + n % 30)).collect();
    for (name, html) in [
        ("text", html_of_text(&text)),
        ("table", format!("<table border=1 cellpadding=5>{rows}</table>")),
        ("list", format!("<ol>{list}</ol>")),
        ("one paragraph", format!("<p style='line-height:0.9'>{}", "many words in one paragraph ".repeat(3_000))),
    ] {
        let laid_out = laid_out(html);
        let slices = &laid_out.slices;
        assert!(slices.len() > 5, "{name}: {}", slices.len());
        assert!(laid_out.lines().count() >= 300, "{name}");
        assert_eq!(laid_out.lines_cut(), 0, "{name}");
        let height = Paper::A4.room_px().1;
        let emptiest = slices.iter().rev().skip(1).map(|slice| slice.bottom - slice.top).fold(height, f32::min);
        assert!(emptiest > height * 0.6, "{name}: a sheet ends after {emptiest} of {height}");
    }
}

#[test]
fn links_lie_where_their_words_are_and_lead_only_where_a_mail_may() {
    let html = "<a href='https://a.test/é?x'>one</a> <a href='javascript:x()'>two</a> <a href='#top'>three</a>\
        <p><a href='mailto:x@y.test' style='display:inline-block;padding:9px'>four</a>";
    let sheet = laid_out(html.into());
    let mut targets: Vec<&str> = sheet.links.iter().map(|link| link.target.as_str()).collect();
    targets.dedup();
    assert_eq!(targets, ["https://a.test/%C3%A9?x", "mailto:x@y.test"]);
    assert!(sheet.links.iter().all(|link| link.place.width_px > 5.0 && link.place.height_px > 5.0));
}

#[test]
fn a_page_that_is_too_wide_is_made_smaller() {
    let sheet = laid_out("<table width=1360><tr><td><a href='http://a.test'>left</a><td align=right><a href='http://b.test'>right</a></table>".into());
    let right = sheet.links.iter().map(|link| link.place.x_px + link.place.width_px).fold(0.0, f32::max);
    assert!(right > 500.0 && right <= Paper::A4.room_px().0 as f32, "{right}");
}

#[test]
fn what_nobody_prints_is_refused() {
    let job = Job {
        document: Document { html: "<div style='height:9000000px'>x</div>y".into(), ..Default::default() },
        ..Default::default()
    };
    match job.pdf(&Fonts::of_system()) {
        Err(Refused::TooLarge { .. }) => {}
        other => panic!("{:?}", other.map(|pdf| pdf.len())),
    }
}
