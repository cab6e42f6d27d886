//! Pages as the window asks for them: a small document each, and what comes of it.

use std::io::Cursor;
use std::sync::LazyLock;
use std::thread;

use super::*;

static FONTS: LazyLock<Fonts> = LazyLock::new(Fonts::of_system);

const VIEW: View = View { width_px: 400, height_px: 300, scale: 1.0, scroll_y_px: 0, dark: false };

/// Runs on a thread with the stack that pages need.
fn with<T: Send>(html: &str, view: View, look: impl FnOnce(&mut Page) -> T + Send) -> T {
    with_pictures(html, Vec::new(), view, look)
}

fn with_pictures<T: Send>(
    html: &str,
    resources: Vec<Resource>,
    view: View,
    look: impl FnOnce(&mut Page) -> T + Send,
) -> T {
    let document = Document { html: format!("<!---->{html}"), resources };
    thread::scope(|scope| {
        let task = || look(&mut Page::load(document, &view, &FONTS).unwrap());
        thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, task).unwrap().join().unwrap()
    })
}

/// The red, green and blue of a pixel.
fn pixel(frame: &Frame, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * frame.width_px + x) * 4) as usize;
    [frame.rgba[at], frame.rgba[at + 1], frame.rgba[at + 2]]
}

/// Whether anything is drawn in these rows.
fn has_ink(frame: &Frame, rows: std::ops::Range<u32>) -> bool {
    let ground = pixel(frame, 0, 0);
    rows.flat_map(|y| (0..frame.width_px).map(move |x| (x, y))).any(|(x, y)| pixel(frame, x, y) != ground)
}

fn red_picture(width: u32, height: u32) -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(width, height, image::Rgb([255, 0, 0]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

#[test]
fn a_link_is_hit_where_it_stands() {
    with(
        "<body style='margin:0'><p style='margin:20px'>Go <a href='https://example.org/'>there</a></p>",
        VIEW,
        |page| {
            let place = page.find("there").first().copied().unwrap();
            let hit = page.hit(place.x_px + 5.0, place.y_px + 5.0);
            assert_eq!(hit, Hit::Link("https://example.org/".into()));
            assert_eq!(page.hit(25.0, place.y_px + 5.0), Hit::Text);
            assert_eq!(page.hit(399.0, 299.0), Hit::Nothing);
        },
    );
}

#[test]
fn what_is_selected_is_read_in_lines() {
    let html = "<p>One <b>two</b> three</p><table><tr><td>four</td><td>five</td></tr><tr><td>six</td></tr></table>";
    with(html, VIEW, |page| {
        page.select_all();
        assert_eq!(page.selected_text(), "One two three\nfour five\nsix");
        let (from, to) = (page.find("two")[0], page.find("four")[0]);
        let middle = |rect: Rect| rect.y_px + rect.height_px / 2.0;
        page.select((from.x_px + 1.0, middle(from)), (to.x_px + to.width_px, middle(to)));
        assert_eq!(page.selected_text(), "two three\nfour");
        page.clear_selection();
        assert_eq!(page.selected_text(), "");
    });
}

#[test]
fn words_that_are_found_are_marked_on_the_page() {
    with("<p>Alpha beta <i>ALPHA</i></p><div style='display:none'>alpha</div>", VIEW, |page| {
        let before = page.paint(&VIEW);
        let found = page.find("alpha");
        assert_eq!(found.len(), 2, "{found:?}");
        let after = page.paint(&VIEW);
        let (x, y) = (found[0].x_px as u32 + 1, found[0].y_px as u32 + 1);
        assert_ne!(pixel(&before, x, y), pixel(&after, x, y));
        assert_eq!(page.find(""), []);
        assert_eq!(page.paint(&VIEW), before);
    });
}

#[test]
fn pictures_of_the_message_are_drawn_and_others_are_named() {
    let picture = Resource { name: "cid:a@b".into(), content_type: "image/png".into(), bytes: red_picture(20, 20) };
    let html = "<body style='margin:0'><img src='cid:a@b' style='display:block'>\
        <img src='cid:gone' width=100 height=40 alt='A boat'><img src='https://example.org/1.gif' width=1 height=1>";
    with_pictures(html, vec![picture], VIEW, |page| {
        let frame = page.paint(&VIEW);
        assert_eq!(pixel(&frame, 10, 10), [255, 0, 0]);
        assert!(has_ink(&frame, 22..60));
    });
}

#[test]
fn a_picture_too_large_is_not_decoded() {
    let picture = Resource { name: "cid:a".into(), content_type: "image/png".into(), bytes: red_picture(6000, 5000) };
    with_pictures("<img src='cid:a' alt='Large' width=50 height=50>", vec![picture], VIEW, |page| {
        assert!(has_ink(&page.paint(&VIEW), 0..60));
        assert_eq!(page.content_end().1, 58.0);
    });
}

#[test]
fn a_large_photograph_keeps_its_measures() {
    let picture = Resource { name: "cid:a".into(), content_type: "image/png".into(), bytes: red_picture(3000, 2000) };
    with_pictures("<body style='margin:0'><img src='cid:a' style='display:block'>", vec![picture], VIEW, |page| {
        assert_eq!(page.content_end(), (3000.0, 2000.0));
        assert_eq!(page.height_px(), 1200, "it is made smaller to fit, as far as that goes");
    });
}

#[test]
fn what_cannot_be_fetched_holds_nothing_up() {
    let html = "<head><link rel=stylesheet href='https://example.org/a.css'><style>@import 'https://example.org/b.css';\
        @font-face{font-family:x;src:url(https://example.org/x.woff)}</style></head><p style='font-family:x'>Here";
    with(html, VIEW, |page| assert!(has_ink(&page.paint(&VIEW), 0..60)));
}

#[test]
fn xhtml_is_read_as_html() {
    let html = "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"x\"><html xmlns='http://www.w3.org/1999/xhtml'>\
        <body><p>One<br>two";
    with(html, VIEW, |page| assert_eq!(page.text(), "One\ntwo"));
}

#[test]
fn cells_that_are_stacked_on_a_narrow_screen_are_shown() {
    let html = "<style>@media(max-width:500px){td{display:block;width:100%}}</style><body style='margin:0'>\
        <table width=100% cellpadding=0 cellspacing=0><tr><td>One</td><td>Two</td></tr></table>";
    with(html, VIEW, |page| {
        assert_eq!(page.text(), "One\nTwo");
        let wide = View { width_px: 600, ..VIEW };
        page.paint(&wide);
        assert_eq!(page.text(), "One Two");
        page.paint(&VIEW);
        assert_eq!(page.text(), "One\nTwo");
    });
}

#[test]
fn columns_are_as_wide_as_they_are_asked_to_be() {
    let html = "<body style='margin:0'><table width=400 cellpadding=0 cellspacing=0>\
        <tr><td width='25%' bgcolor=red>a<td bgcolor='#0f0'>b<tr><td>c<td>d</table>";
    with(html, VIEW, |page| {
        let frame = page.paint(&VIEW);
        assert_eq!((pixel(&frame, 98, 1), pixel(&frame, 102, 1)), ([255, 0, 0], [0, 255, 0]));
    });
}

#[test]
fn a_dark_window_has_dark_pages_where_they_bear_it() {
    let dark = View { dark: true, ..VIEW };
    let ground = |html: &str| with(html, dark, |page| pixel(&page.paint(&dark), 399, 299));
    assert!(ground("<p>Plain").iter().all(|channel| *channel < 64));
    assert_eq!(ground("<p style='color:#333'>Of its own colours"), [255, 255, 255]);
    let both = "<style>body{background:#fff}@media(prefers-color-scheme:dark){body{background:#010203}}</style><p>x";
    assert_eq!(ground(both), [1, 2, 3]);
}

#[test]
fn frames_end_where_the_page_ends() {
    with("<body style='margin:0'><div style='height:1000px'></div>", VIEW, |page| {
        let frame = page.paint(&View { scroll_y_px: 5000, ..VIEW });
        assert_eq!((frame.scroll_y_px, frame.page_height_px), (700, 1000));
        let twice = page.paint(&View { scale: 2.0, ..VIEW });
        assert_eq!(twice.page_height_px, 2000);
    });
}

#[test]
fn legacy_attributes_are_heard() {
    let html = "<body text=blue bgcolor='#ff0' topmargin=0 leftmargin=0><table border=0 cellspacing=0 cellpadding=10>\
        <tr><td>x</table><font color=red size=7>y</font>";
    with(html, VIEW, |page| {
        let frame = page.paint(&VIEW);
        assert_eq!(pixel(&frame, 399, 299), [255, 255, 0]);
        assert_eq!(page.find("x")[0].x_px, 10.0);
        assert!(page.find("y")[0].height_px > 40.0);
    });
}

#[test]
fn tables_follow_the_window_when_it_becomes_narrower() {
    let html = "<body style='margin:0'><table cellpadding=0 cellspacing=0><tr><td>Some words that have room in a wide window\
        <td>and some more words that have room in it, too</table>";
    with(html, View { width_px: 900, ..VIEW }, |page| {
        let (wide, _) = page.content_end();
        page.paint(&VIEW);
        let (narrow, _) = page.content_end();
        assert!(wide > 500.0 && narrow <= 400.0, "{wide} {narrow}");
        page.paint(&View { width_px: 900, ..VIEW });
        assert_eq!(page.content_end().0, wide);
    });
}

#[test]
fn cols_of_collapsed_tables_reach_from_line_to_line() {
    let html = "<style>td{border:2px solid;padding:0}</style><body style='margin:0'>\
        <table style='border-collapse:collapse;width:300px'><col width=70><col><tr><td>a<td>b</table>";
    with(html, VIEW, |page| {
        // From the middle of the first line, at 1 px, to that of the second, which ends a pixel behind it.
        assert_eq!((page.find("a")[0].x_px, page.find("b")[0].x_px), (2.0, 72.0));
    });
}

/// Where the words “below” stand on a page that is laid out with these quirks.
fn below(quirks: legacy::Quirks, html: &str) -> f32 {
    let html = format!("{}<body style='margin:0'>{html}", quirks.mark());
    let document = Document { html, resources: Vec::new() };
    thread::scope(|scope| {
        let task = || Page::load(document, &VIEW, &FONTS).unwrap().find("below")[0].y_px;
        thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, task).unwrap().join().unwrap()
    })
}

#[test]
fn quirky_lines_are_as_high_as_their_text() {
    use legacy::Quirks;
    let small = "<div style='font-size:30px'><font style='font-size:15px'>x</font></div><div>below</div>";
    assert!(below(Quirks::No, small) > 30.0);
    for quirks in [Quirks::Limited, Quirks::Full] {
        assert!(below(quirks, small) < 20.0);
        // Text of its own makes a block's lines as high as ever, and so does an empty line.
        assert!(below(quirks, "<div style='font-size:40px'>x<font size=1>x</font></div><div>below</div>") > 40.0);
        assert!(below(quirks, "<div style='font-size:40px'><br><font size=1>x</font></div><div>below</div>") > 40.0);
    }
}

#[test]
fn the_first_margin_of_a_quirky_cell_is_nothing_beside_what_floats() {
    use legacy::Quirks;
    let html =
        "<table cellpadding=0 cellspacing=0><tr><td><img align=right width=9 height=9 src='cid:x'><p>below</table>";
    assert!(below(Quirks::No, html) - below(Quirks::Full, html) > 10.0);
}

#[test]
fn a_page_ends_where_its_letters_end() {
    let html = "<body style='margin:0'><div style='font:20px Arial;line-height:100px'>Words</div>";
    with(html, VIEW, |page| {
        let (_, bottom) = page.content_end();
        assert!((55.0..65.0).contains(&bottom), "{bottom}");
        assert_eq!(page.find("words")[0].height_px, 100.0, "what is marked is as high as its line");
    });
    let html = "<body style='margin:0'><div style='font:20px Arial;line-height:10px'>Words</div>";
    with(html, VIEW, |page| {
        let (_, bottom) = page.content_end();
        assert!((15.0..18.0).contains(&bottom), "letters higher than their line: {bottom}");
    });
}
