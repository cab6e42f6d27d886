//! Style sheets and `style` attributes, token by token: what is written out is what was understood, and nothing of the source.
//!
//! Properties and functions are allowed by name. A rule or declaration that holds anything else is left out whole, as a reader
//! of CSS does with what it does not know.

use cssparser::{
    Delimiter, ParseError, Parser, ToCss as _, Token, TokenSerializationType, serialize_identifier, serialize_name,
};

use super::text;

mod allowed;

use allowed::{is_allowed, is_harmless};

/// Octets of all style sheets of a page that are read. Those of frameworks have 30 KB.
pub const MAX_SHEET_BYTES: usize = 256 * 1024;
/// Octets of one `style` attribute.
const MAX_STYLE_BYTES: usize = 16 * 1024;
/// Brackets within brackets; honest sheets have four.
const MAX_DEPTH: usize = 16;
/// Media queries within media queries.
const MAX_RULE_DEPTH: usize = 4;

/// Says by which address a picture of a style is known, by the address that the style names; None where it may not be shown.
pub type Pictures<'p> = &'p mut dyn FnMut(&str) -> Option<String>;

/// A property and its value, as they are written.
pub type Declaration = (String, String);

type Refusal = ParseError<()>;

/// Cleans a style sheet. What was left out is counted in `refused`.
pub fn sheet(css: &str, pictures: Pictures<'_>, refused: &mut usize) -> String {
    let mut out = String::new();
    rules(&mut Parser::new(css), pictures, refused, 0, &mut out);
    // Within `<style>` nothing is escaped, and this would end it.
    out.replace("</", "< /")
}

/// Cleans a `style` attribute.
pub fn style(css: &str, pictures: Pictures<'_>, refused: &mut usize) -> Vec<Declaration> {
    let css = css.get(..css.floor_char_boundary(MAX_STYLE_BYTES)).unwrap_or_default();
    declarations(&mut Parser::new(css), pictures, refused)
}

/// A media query as it is written; None where it is none.
pub fn media(query: &str) -> Option<String> {
    let mut out = Writer::default();
    components(&mut Parser::new(query), &mut out, 0, &mut Values::Prelude).ok()?;
    Some(out.finish()).filter(|query| !query.is_empty())
}

/// As they stand in a `style` attribute or in a rule.
pub fn written(declarations: &[Declaration]) -> String {
    let mut out = String::new();
    for (name, value) in declarations {
        if !out.is_empty() {
            out.push(';');
        }
        out.push_str(&format!("{name}:{value}"));
    }
    out
}

fn rules(parser: &mut Parser<'_>, pictures: Pictures<'_>, refused: &mut usize, depth: usize, out: &mut String) {
    loop {
        let start = parser.state();
        match parser.next().cloned() {
            Err(_) => return,
            Ok(Token::CDO | Token::CDC | Token::Semicolon) => (),
            Ok(Token::AtKeyword(name)) => at_rule(&name, parser, pictures, refused, depth, out),
            Ok(_) => {
                parser.reset(&start);
                rule(parser, pictures, refused, out);
            }
        }
    }
}

fn rule(parser: &mut Parser<'_>, pictures: Pictures<'_>, refused: &mut usize, out: &mut String) {
    let mut selectors = Writer::default();
    let read = parser.parse_until_before(Delimiter::CurlyBracketBlock, |parser| {
        components(parser, &mut selectors, 0, &mut Values::Prelude)
    });
    if parser.next() != Ok(&Token::CurlyBracketBlock) {
        *refused += 1;
        return;
    }
    let selectors = selectors.finish();
    let body = parser.parse_nested_block(|parser| Ok::<_, Refusal>(declarations(parser, pictures, refused)));
    match body {
        Ok(body) if read.is_ok() && !selectors.is_empty() => {
            if !body.is_empty() {
                out.push_str(&format!("{selectors}{{{}}}\n", written(&body)));
            }
        }
        _ => *refused += 1,
    }
}

fn at_rule(
    name: &str,
    parser: &mut Parser<'_>,
    pictures: Pictures<'_>,
    refused: &mut usize,
    depth: usize,
    out: &mut String,
) {
    let name = name.to_ascii_lowercase();
    let mut prelude = Writer::default();
    let read = parser.parse_until_before(Delimiter::CurlyBracketBlock | Delimiter::Semicolon, |parser| {
        components(parser, &mut prelude, 0, &mut Values::Prelude)
    });
    let has_block = parser.next() == Ok(&Token::CurlyBracketBlock);
    let is_kept = matches!(name.as_str(), "media" | "supports") && read.is_ok() && depth < MAX_RULE_DEPTH;
    if !has_block || !is_kept {
        // What is in the block is passed over by whoever reads on.
        *refused += 1;
        return;
    }
    let mut body = String::new();
    let read = parser.parse_nested_block(|parser| {
        rules(parser, pictures, refused, depth + 1, &mut body);
        Ok::<_, Refusal>(())
    });
    if read.is_ok() && !body.is_empty() {
        out.push_str(&format!("@{name} {}{{\n{body}}}\n", prelude.finish()));
    }
}

fn declarations(parser: &mut Parser<'_>, pictures: Pictures<'_>, refused: &mut usize) -> Vec<Declaration> {
    let mut kept = Vec::new();
    while !parser.is_exhausted() {
        match parser.parse_until_after(Delimiter::Semicolon, |parser| declaration(parser, pictures)) {
            Ok(Some(declaration)) => kept.push(declaration),
            Ok(None) => (),
            Err(_) => *refused += 1,
        }
    }
    kept
}

fn declaration(parser: &mut Parser<'_>, pictures: Pictures<'_>) -> Result<Option<Declaration>, Refusal> {
    if parser.is_exhausted() {
        return Ok(None);
    }
    let name = parser.expect_ident()?.to_string();
    let name = if name.starts_with("--") { name } else { name.to_ascii_lowercase() };
    parser.expect_colon()?;
    if !is_allowed(&name) {
        return Err(Refusal::custom(()));
    }
    let mut value = Writer::default();
    let may_show = matches!(name.as_str(), "background" | "background-image" | "list-style" | "list-style-image");
    components(parser, &mut value, 0, &mut if may_show { Values::Pictures(pictures) } else { Values::Plain })?;
    let value = value.finish();
    let lower = value.to_ascii_lowercase();
    let keeps_place = match name.as_str() {
        // Nothing of a message stays where the message scrolls away.
        "position" => !["fixed", "sticky", "("].iter().any(|word| lower.contains(word)),
        "unicode-bidi" => !["override", "("].iter().any(|word| lower.contains(word)),
        _ => true,
    };
    if value.is_empty() || !keeps_place {
        return Err(Refusal::custom(()));
    }
    let mut written = String::new();
    let _ = serialize_identifier(&name, &mut written);
    Ok(Some((written, value)))
}

/// What may stand where.
enum Values<'p> {
    /// Selectors and conditions: any function, for none of them loads anything; no address.
    Prelude,
    /// Values without pictures.
    Plain,
    Pictures(Pictures<'p>),
}

/// Writes out the rest of the block that the parser is in.
fn components(parser: &mut Parser<'_>, out: &mut Writer, depth: usize, values: &mut Values<'_>) -> Result<(), Refusal> {
    loop {
        let Ok(token) = parser.next_including_whitespace().cloned() else { return Ok(()) };
        match &token {
            Token::WhiteSpace(_) => out.blank(),
            Token::QuotedString(string) => out.string(string),
            Token::UnquotedUrl(url) => out.picture(values.shown(url)?),
            Token::Function(name) if is_url(name) => {
                let url = parser.parse_nested_block(|parser| Ok::<_, Refusal>(parser.expect_string()?.to_string()))?;
                out.picture(values.shown(&url)?);
            }
            Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock => {
                let is_allowed = match (&token, &values) {
                    (Token::Function(_), Values::Prelude) => true,
                    (Token::Function(name), _) => is_harmless(name),
                    _ => true,
                };
                if !is_allowed || depth >= MAX_DEPTH {
                    return Err(Refusal::custom(()));
                }
                out.open(&token);
                parser.parse_nested_block(|parser| components(parser, out, depth + 1, values))?;
                out.close(&token);
            }
            Token::CurlyBracketBlock | Token::AtKeyword(_) | Token::CDO | Token::CDC | Token::Comment(_) => {
                return Err(Refusal::custom(()));
            }
            _ if token.is_parse_error() => return Err(Refusal::custom(())),
            _ => out.token(&token),
        }
    }
}

impl Values<'_> {
    fn shown(&mut self, url: &str) -> Result<Option<String>, Refusal> {
        match self {
            Self::Pictures(pictures) => Ok(pictures(url)),
            Self::Prelude | Self::Plain => Err(Refusal::custom(())),
        }
    }
}

fn is_url(name: &str) -> bool {
    name.eq_ignore_ascii_case("url") || name.eq_ignore_ascii_case("src")
}

/// Tokens on their way out, with no more between them than they need.
#[derive(Default)]
struct Writer {
    out: String,
    last: Option<TokenSerializationType>,
    blank: bool,
}

impl Writer {
    fn blank(&mut self) {
        self.blank = true;
    }

    fn before(&mut self, kind: Option<TokenSerializationType>) {
        let touches = match (self.last, kind) {
            (Some(last), Some(kind)) => last.needs_separator_when_before(kind),
            _ => false,
        };
        if (self.blank || touches) && !self.out.is_empty() && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.blank = false;
        self.last = kind;
    }

    fn token(&mut self, token: &Token<'_>) {
        self.before(Some(token.serialization_type()));
        // Writing to a string does not fail.
        let _ = match token {
            Token::Ident(name) => serialize_identifier(&text::clean(name), &mut self.out),
            Token::Hash(name) => {
                self.out.push('#');
                serialize_name(&text::clean(name), &mut self.out)
            }
            _ => token.to_css(&mut self.out),
        };
    }

    fn open(&mut self, token: &Token<'_>) {
        self.token(token);
        self.last = None;
    }

    fn close(&mut self, token: &Token<'_>) {
        self.blank = false;
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push(if matches!(token, Token::SquareBracketBlock) { ']' } else { ')' });
        self.last = None;
    }

    fn picture(&mut self, url: Option<String>) {
        match url {
            Some(url) => {
                self.before(Some(Token::UnquotedUrl("".into()).serialization_type()));
                self.out.push_str("url(");
                self.quoted(&url);
                self.out.push(')');
            }
            None => self.token(&Token::Ident("none".into())),
        }
    }

    fn string(&mut self, string: &str) {
        self.before(Some(Token::QuotedString("".into()).serialization_type()));
        self.quoted(&text::clean(string));
    }

    /// A string in which nothing can end a `<style>`.
    fn quoted(&mut self, string: &str) {
        self.out.push('"');
        for character in string.chars() {
            match character {
                '"' | '\\' => {
                    self.out.push('\\');
                    self.out.push(character);
                }
                '<' | '\n' | '\r' | '\x0C' => self.out.push_str(&format!("\\{:x} ", u32::from(character))),
                _ => self.out.push(character),
            }
        }
        self.out.push('"');
    }

    fn finish(mut self) -> String {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> Option<String> {
        url.starts_with("cid:").then(|| url.to_owned())
    }

    #[track_caller]
    fn check_sheet(css: &str, kept: &str) {
        let cleaned = sheet(css, &mut shown, &mut 0);
        assert_eq!(cleaned, kept, "{css}");
        assert_eq!(sheet(&cleaned, &mut shown, &mut 0), cleaned, "{css}");
    }

    #[track_caller]
    fn check_style(css: &str, kept: &str) {
        let cleaned = written(&style(css, &mut shown, &mut 0));
        assert_eq!(cleaned, kept, "{css}");
        assert_eq!(written(&style(&cleaned, &mut shown, &mut 0)), cleaned, "{css}");
    }

    #[test]
    fn rules_are_kept_as_they_are_understood() {
        check_sheet(
            "P , td.x>a:hover{COLOR : #FFF ;font:bold 12px/1.5 Arial,sans-serif}",
            "P , td.x>a:hover{color:#FFF;font:bold 12px/1.5 Arial,sans-serif}\n",
        );
        check_sheet(
            "<!-- a[href^=\"http\"]{margin:0 auto!important} -->",
            "a[href^=\"http\"]{margin:0 auto!important}\n",
        );
        check_sheet(
            "@media only screen and (max-width:600px){.a{width:100%!important}}",
            "@media only screen and (max-width:600px){\n.a{width:100%!important}\n}\n",
        );
        check_sheet(
            "a{width:calc(100% - 10px)}b{color:rgba(0,0,0,.5)}",
            "a{width:calc(100% - 10px)}\nb{color:rgba(0,0,0,0.5)}\n",
        );
        check_sheet("p::before{content:\"a\\\"b</style>\"}", "p::before{content:\"a\\\"b\\3c /style>\"}\n");
        check_sheet("a:not(.b):nth-child(2n+1) *{color:red}", "a:not(.b):nth-child(2n +1) *{color:red}\n");
        check_sheet("a{color:red;}}b{color:blue}", "a{color:red}\n");
    }

    #[test]
    fn what_loads_or_runs_is_left_out() {
        check_sheet("@import url(http://a.test/);@charset 'x';a{color:red}", "a{color:red}\n");
        check_sheet("@font-face{font-family:x;src:url(http://a.test/)}a{color:red}", "a{color:red}\n");
        check_sheet("@\\69mport 'http://a.test/';a{color:red}", "a{color:red}\n");
        check_sheet("a{behavior:url(#x);-moz-binding:url(x);color:red;cursor:url(http://a.test/)}", "a{color:red}\n");
        check_sheet("a{width:expression(alert(1));color:red}", "a{color:red}\n");
        check_sheet("a{background-image:image-set('http://a.test/' 1x);color:red}", "a{color:red}\n");
        check_sheet("a{--x:url(http://a.test/);background:var(--x)}", "a{background:var(--x)}\n");
        check_sheet("@keyframes x{from{color:red}}a{animation:x 1s;color:red}", "a{color:red}\n");
    }

    #[test]
    fn pictures_of_a_style_are_asked_for() {
        check_style("background:#fff url(http://a.test/) no-repeat", "background:#fff none no-repeat");
        check_style("background:u\\72l( 'cid:a' )", "background:url(\"cid:a\")");
        check_style("background-image:url(cid:a),url(\"http://a.test/\")", "background-image:url(\"cid:a\"),none");
    }

    #[test]
    fn nothing_stays_where_the_message_scrolls_away() {
        check_style("position:fixed;top:0", "top:0");
        check_style("POSITION:\\66ixed;top:0", "top:0");
        check_style("position:var(--x);position: sticky;position:absolute", "position:absolute");
        check_style("unicode-bidi:bidi-override;unicode-bidi:embed", "unicode-bidi:embed");
    }

    #[test]
    fn brackets_without_end_take_no_time() {
        for piece in ["(", "[", "{", "a{", "calc(1px + ", ":not(", "@media x{", "/*", "\"", "url(", "&a{", "\\"] {
            let css = piece.repeat(MAX_SHEET_BYTES / piece.len());
            assert!(sheet(&css, &mut shown, &mut 0).len() <= css.len() * 2, "{piece}");
            style(&format!("color:{css}"), &mut shown, &mut 0);
        }
    }
}
