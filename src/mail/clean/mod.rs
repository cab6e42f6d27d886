//! A page of a message, made fit to be drawn: what loads, runs, asks, hides or exhausts is taken out, and what is remote
//! becomes a question.
//!
//! The page is parsed as HTML says (never as XML, whatever it calls itself), walked once, and written anew: elements,
//! attributes, addresses, properties and functions of style that are not named as allowed are not written. So nothing depends
//! on how a source was spelt. What is written parses to what was meant: it is read again until it stays the same.
//!
//! `feed` and `tree` parse within bounds, `element` says what is kept, `css`, `address`, `text` and `value` read values, `picture` and
//! `link` what is to be asked or warned of, `walk` goes through it all.

mod address;
mod css;
mod element;
mod feed;
mod link;
mod picture;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod value;
mod walk;

pub use feed::MAX_ELEMENTS;
pub use link::{Link, LinkWarning};
pub use picture::{Place, RemotePicture};

/// What a page may show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Remote pictures, where the person allowed them: then the page names them `remote:N`, by their place in
    /// [`Cleaned::remote`], and whoever draws it knows their octets. Otherwise each is a box with its words.
    pub shows_remote: bool,
}

/// A page that can be drawn. Nothing in it leads anywhere but the targets of its links, which open on a click.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// A whole document of HTML. It begins with an empty comment, so that nobody takes it for XML.
    pub html: String,
    /// Every link, in the order of the page.
    pub links: Vec<Link>,
    /// Every remote picture, once, in the order of the page; those that count readers are marked, and not in the page.
    pub remote: Vec<RemotePicture>,
    /// Names of the parts of the message that the page shows, as the page writes them: `cid:…`, each once.
    pub parts: Vec<String>,
    pub refused: Refused,
    /// The page was too large for a window: what is behind its limit is not in `html`.
    pub is_cut: bool,
}

/// What was taken out, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    pub scripts: usize,
    pub frames: usize,
    /// Plug-ins, sound and film.
    pub plugins: usize,
    /// SVG and MathML.
    pub drawings: usize,
    /// Fields of forms.
    pub fields: usize,
    /// Other elements, with what was in them.
    pub elements: usize,
    pub attributes: usize,
    /// Addresses of pictures and links of a kind that is never followed.
    pub addresses: usize,
    /// Rules and declarations of style.
    pub styles: usize,
}

/// The class of the box that stands in place of a picture that is not shown.
pub const BOX_CLASS: &str = "malote-picture";

/// How often a page is read again at most until it stays the same. Nearly all do at once; what does not is as safe, and only
/// looks different from what was meant.
const MAX_READINGS: usize = 4;

/// Cleans a page. Total; time and memory are linear, and neither depth nor number of anything can exhaust a stack.
pub fn clean(html: &str, options: &Options) -> Cleaned {
    let mut cleaned = walk::run(html, walk::Remote::Named { is_shown: options.shows_remote });
    for _ in 1..MAX_READINGS {
        let again = walk::run(&cleaned.html, walk::Remote::Numbered);
        let is_same = again.html == cleaned.html;
        cleaned.html = again.html;
        if is_same {
            break;
        }
    }
    cleaned
}
