//! What a style may say, by name.

/// Functions of values that load nothing.
#[rustfmt::skip] // tables of words
pub fn is_harmless(name: &str) -> bool {
    const FUNCTIONS: [&str; 59] = [
        "attr", "blur", "brightness", "calc", "circle", "clamp", "color", "color-mix", "conic-gradient", "contrast",
        "counter", "counters", "drop-shadow", "ellipse", "fit-content", "grayscale", "hsl", "hsla", "hue-rotate",
        "hwb", "inset", "invert", "lab", "lch", "light-dark", "linear-gradient", "matrix", "matrix3d", "max", "min",
        "minmax", "oklab", "oklch", "opacity", "perspective", "polygon", "radial-gradient", "rect", "repeat",
        "repeating-conic-gradient", "repeating-linear-gradient", "repeating-radial-gradient", "rgb", "rgba",
        "rotate", "rotatex", "rotatey", "rotatez", "saturate", "scale", "scalex", "scaley", "sepia", "skew", "skewx",
        "skewy", "translate", "translatex", "translatey",
    ];
    let name = name.to_ascii_lowercase();
    FUNCTIONS.contains(&name.as_str()) || name == "var"
}

/// Properties that set how a page looks, by name and by how their names begin.
#[rustfmt::skip] // tables of words
pub fn is_allowed(name: &str) -> bool {
    const NAMES: [&str; 58] = [
        "aspect-ratio", "bottom", "box-shadow", "box-sizing", "caption-side", "clear", "clip", "clip-path", "color",
        "color-scheme", "columns", "content", "direction", "display", "empty-cells", "filter", "flex", "float",
        "gap", "height", "hyphens", "inset", "isolation", "left", "letter-spacing", "line-break", "line-height",
        "margin", "max-height", "max-width", "min-height", "min-width", "mix-blend-mode", "object-fit",
        "object-position", "opacity", "order", "orphans", "padding", "position", "quotes", "right", "rotate",
        "row-gap", "scale", "tab-size", "table-layout", "top", "transform", "transform-origin", "translate",
        "unicode-bidi", "vertical-align", "visibility", "white-space", "widows", "width", "z-index",
    ];
    const FAMILIES: [&str; 22] = [
        "--", "align-", "background", "border", "column-", "counter-", "flex-", "font", "grid", "inset-", "justify-",
        "list-style", "margin-", "outline", "overflow", "padding-", "page-break-", "place-", "text-", "word-",
        "writing-mode", "max-inline-size",
    ];
    NAMES.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
}
