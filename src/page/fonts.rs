//! The fonts that pages are set in.

use std::sync::Arc;

use parley::FontContext;
use parley::fontique::{
    Blob, Collection, CollectionOptions, FamilyId, FontInfoOverride, GenericFamily, Script, SourceCache,
};

/// Families of the same measures as those that mails ask for: lines break where the sender saw them break. The names that
/// come first are looked for first.
const STAND_INS: [(&str, &[&str]); 6] = [
    ("Arial", &["Liberation Sans", "Arimo"]),
    ("Times New Roman", &["Liberation Serif", "Tinos"]),
    ("Courier New", &["Liberation Mono", "Cousine"]),
    ("Calibri", &["Carlito"]),
    ("Cambria", &["Caladea"]),
    ("Georgia", &["Gelasio"]),
];

/// Other names that mails write for one of the above.
const SAME: [(&str, &str); 3] = [("Helvetica", "Arial"), ("Times", "Times New Roman"), ("Courier", "Courier New")];

/// Fonts of coloured emoji, the first that is there.
const EMOJI: [&str; 3] = ["Noto Color Emoji", "Apple Color Emoji", "Segoe UI Emoji"];

/// What the generic families are, the first that is there.
const GENERIC: [(GenericFamily, &[&str]); 6] = [
    (GenericFamily::SansSerif, &["Liberation Sans", "Arimo", "Arial"]),
    (GenericFamily::SystemUi, &["Liberation Sans", "Arimo", "Arial"]),
    (GenericFamily::UiSansSerif, &["Liberation Sans", "Arimo", "Arial"]),
    (GenericFamily::Serif, &["Liberation Serif", "Tinos", "Times New Roman"]),
    (GenericFamily::Monospace, &["Liberation Mono", "Cousine", "Courier New"]),
    (GenericFamily::Emoji, &EMOJI),
];

/// The scripts that the standard font has.
const STANDARD_SCRIPTS: [&[u8; 4]; 3] = [b"Latn", b"Grek", b"Cyrl"];

/// The fonts that pages are set in: read from the system once, cheap to clone, and the only thing that a page reads from the
/// disk.
#[derive(Clone)]
pub struct Fonts {
    context: FontContext,
}

impl Fonts {
    /// Reads which fonts there are; takes some tens of milliseconds.
    pub fn of_system() -> Self {
        let mut context = FontContext {
            collection: Collection::new(CollectionOptions { shared: false, system_fonts: true }),
            source_cache: SourceCache::new_shared(),
        };
        for (wanted, stand_ins) in STAND_INS {
            give_name(&mut context, wanted, stand_ins);
        }
        for (other, wanted) in SAME {
            give_name(&mut context, other, &[wanted]);
        }
        for (generic, names) in GENERIC {
            let collection = &mut context.collection;
            let first = names.iter().find_map(|name| collection.family_id(name));
            // The system's list for a generic family is as long as the list of its fonts, and holds black and white symbols
            // for every emoji: the font of emoji comes before them (UTS #51, emoji presentation).
            let emoji = EMOJI.iter().find_map(|name| collection.family_id(name)).filter(|id| Some(*id) != first);
            let is_known = |id: &FamilyId| Some(*id) == first || Some(*id) == emoji;
            let others: Vec<_> = collection.generic_families(generic).filter(|id| !is_known(id)).collect();
            collection.set_generic_families(generic, first.into_iter().chain(emoji).chain(others));
        }
        // Where none of the families that a page names is there, browsers take their standard font, which has serifs.
        for script in STANDARD_SCRIPTS {
            let collection = &mut context.collection;
            let script = Script::from_bytes(*script);
            let serif = collection.generic_families(GenericFamily::Serif).next();
            let others: Vec<_> = collection.fallback_families(script).filter(|id| Some(*id) != serif).collect();
            collection.set_fallbacks(script, serif.into_iter().chain(others));
        }
        context.collection.register_fonts(Blob::new(Arc::new(blitz_dom::BULLET_FONT)), None);
        Self { context }
    }

    pub(super) fn context(&self) -> FontContext {
        self.context.clone()
    }
}

/// Registers the fonts of the first of `stand_ins` that is there under the name `wanted`, if nothing has that name.
fn give_name(context: &mut FontContext, wanted: &str, stand_ins: &[&str]) {
    if context.collection.family_by_name(wanted).is_some() {
        return;
    }
    let Some(family) = stand_ins.iter().find_map(|name| context.collection.family_by_name(name)) else { return };
    for font in family.fonts() {
        if let Some(octets) = font.load(Some(&mut context.source_cache)) {
            let name = FontInfoOverride { family_name: Some(wanted), ..FontInfoOverride::default() };
            context.collection.register_fonts(octets, Some(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_come_before_all_but_the_first_font() {
        let mut collection = Fonts::of_system().context.collection;
        let Some(emoji) = EMOJI.iter().find_map(|name| collection.family_id(name)) else { return };
        for generic in [GenericFamily::SansSerif, GenericFamily::Serif, GenericFamily::Monospace] {
            let place = collection.generic_families(generic).position(|id| id == emoji);
            assert!(place.is_some_and(|place| place <= 1), "{generic:?}: {place:?}");
        }
    }
}
