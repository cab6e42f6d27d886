//! Colours, sizes and type: the canvas of a courier's pouch by day, its inside by night.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Vec2, Visuals};

use super::action::Theme;

// Spaces, margins and roundings stand on a grid of four points, which a test looks after.

/// Rounding of fields, buttons and selections.
pub const RADIUS: u8 = 8;
/// Space between things that belong together, and between groups.
pub const GAP: f32 = 8.0;
pub const GROUP: f32 = 16.0;

/// The colours of a theme, by what they are for.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub dark: bool,
    /// Toolbar, sidebar, status line.
    pub window: Color32,
    pub list: Color32,
    pub reading: Color32,
    /// Cards, menus, dialogs.
    pub raised: Color32,
    pub field: Color32,
    pub hover: Color32,
    pub selected: Color32,
    /// The selection where the keyboard is not.
    pub line: Color32,
    pub text: Color32,
    pub muted: Color32,
    pub faint: Color32,
    pub accent: Color32,
    pub on_accent: Color32,
    pub link: Color32,
    pub danger: Color32,
    pub danger_soft: Color32,
    pub warning: Color32,
    pub warning_soft: Color32,
    pub success: Color32,
    pub star: Color32,
    /// Behind what was found, and behind the place that was gone to.
    pub mark: Color32,
    pub mark_here: Color32,
}

const LIGHT: Palette = Palette {
    dark: false,
    window: Color32::from_rgb(0xF1, 0xED, 0xE5),
    list: Color32::from_rgb(0xFB, 0xF9, 0xF5),
    reading: Color32::from_rgb(0xFF, 0xFE, 0xFC),
    raised: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    field: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    hover: Color32::from_rgb(0xE8, 0xE2, 0xD6),
    selected: Color32::from_rgb(0xF3, 0xDF, 0xCF),
    line: Color32::from_rgb(0xE3, 0xDC, 0xCF),
    text: Color32::from_rgb(0x24, 0x1F, 0x18),
    muted: Color32::from_rgb(0x68, 0x5F, 0x51),
    faint: Color32::from_rgb(0x8F, 0x86, 0x76),
    accent: Color32::from_rgb(0xA8, 0x47, 0x1A),
    on_accent: Color32::from_rgb(0xFF, 0xFB, 0xF7),
    link: Color32::from_rgb(0x1D, 0x5F, 0x9E),
    danger: Color32::from_rgb(0xA8, 0x24, 0x24),
    danger_soft: Color32::from_rgb(0xFB, 0xE9, 0xE5),
    warning: Color32::from_rgb(0x85, 0x5A, 0x06),
    warning_soft: Color32::from_rgb(0xFC, 0xF3, 0xD9),
    success: Color32::from_rgb(0x2F, 0x70, 0x3A),
    star: Color32::from_rgb(0xD9, 0x93, 0x12),
    mark: Color32::from_rgb(0xFF, 0xE9, 0xA3),
    mark_here: Color32::from_rgb(0xFF, 0xC2, 0x5C),
};

const DARK: Palette = Palette {
    dark: true,
    window: Color32::from_rgb(0x1A, 0x18, 0x15),
    list: Color32::from_rgb(0x1F, 0x1D, 0x19),
    reading: Color32::from_rgb(0x24, 0x21, 0x1D),
    raised: Color32::from_rgb(0x2C, 0x29, 0x24),
    field: Color32::from_rgb(0x1B, 0x19, 0x16),
    hover: Color32::from_rgb(0x30, 0x2C, 0x26),
    selected: Color32::from_rgb(0x4A, 0x33, 0x22),
    line: Color32::from_rgb(0x39, 0x35, 0x2E),
    text: Color32::from_rgb(0xEE, 0xE8, 0xDD),
    muted: Color32::from_rgb(0xB4, 0xAB, 0x9B),
    faint: Color32::from_rgb(0x89, 0x81, 0x73),
    accent: Color32::from_rgb(0xE8, 0x92, 0x58),
    on_accent: Color32::from_rgb(0x24, 0x16, 0x0B),
    link: Color32::from_rgb(0x86, 0xBC, 0xEE),
    danger: Color32::from_rgb(0xF0, 0x8C, 0x7E),
    danger_soft: Color32::from_rgb(0x3F, 0x25, 0x21),
    warning: Color32::from_rgb(0xEB, 0xC0, 0x6A),
    warning_soft: Color32::from_rgb(0x3A, 0x30, 0x1C),
    success: Color32::from_rgb(0x8F, 0xC9, 0x95),
    star: Color32::from_rgb(0xF2, 0xB7, 0x48),
    mark: Color32::from_rgb(0x5C, 0x4A, 0x16),
    mark_here: Color32::from_rgb(0x96, 0x62, 0x0C),
};

/// The colours of the theme that is on.
pub fn palette(ui: &egui::Ui) -> Palette {
    of(ui.visuals().dark_mode)
}

pub fn of(dark: bool) -> Palette {
    if dark { DARK } else { LIGHT }
}

/// Type: titles, the body of mail, lists and labels, small print.
pub fn title() -> FontId {
    FontId::new(21.0, FontFamily::Proportional)
}
pub fn heading() -> FontId {
    FontId::new(16.5, FontFamily::Proportional)
}
pub fn body() -> FontId {
    FontId::new(15.0, FontFamily::Proportional)
}
pub fn label() -> FontId {
    FontId::new(14.0, FontFamily::Proportional)
}
pub fn small() -> FontId {
    FontId::new(12.5, FontFamily::Proportional)
}
pub fn mono() -> FontId {
    FontId::new(13.0, FontFamily::Monospace)
}

impl From<Theme> for egui::ThemePreference {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::System => Self::System,
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

/// Sets both themes up; to be called once.
pub fn install(ctx: &egui::Context) {
    for (theme, palette) in [(egui::Theme::Light, LIGHT), (egui::Theme::Dark, DARK)] {
        ctx.style_mut_of(theme, |style| apply(style, palette));
    }
}

fn apply(style: &mut Style, palette: Palette) {
    style.text_styles = [
        (TextStyle::Heading, heading()),
        (TextStyle::Body, label()),
        (TextStyle::Button, label()),
        (TextStyle::Small, small()),
        (TextStyle::Monospace, mono()),
    ]
    .into();
    style.spacing.item_spacing = Vec2::new(GAP, 4.0);
    style.spacing.button_padding = Vec2::new(12.0, 8.0);
    style.spacing.interact_size.y = 32.0;
    style.spacing.menu_margin = Margin::same(8);
    style.spacing.scroll.bar_width = 8.0;
    style.spacing.scroll.floating = true;
    style.interaction.selectable_labels = false;
    style.visuals = visuals(palette);
}

fn visuals(palette: Palette) -> Visuals {
    let mut visuals = if palette.dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = palette.window;
    visuals.window_fill = palette.raised;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.window_corner_radius = CornerRadius::same(12);
    visuals.menu_corner_radius = CornerRadius::same(8);
    visuals.extreme_bg_color = palette.field;
    visuals.text_edit_bg_color = Some(palette.field);
    visuals.faint_bg_color = palette.hover;
    visuals.code_bg_color = palette.hover;
    visuals.hyperlink_color = palette.link;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.danger;
    visuals.selection.bg_fill = palette.selected;
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.weak_text_color = Some(palette.muted);
    let widgets = &mut visuals.widgets;
    let radius = CornerRadius::same(RADIUS);
    for (widget, fill, line, text) in [
        (&mut widgets.noninteractive, palette.window, palette.line, palette.text),
        (&mut widgets.inactive, palette.raised, palette.line, palette.text),
        (&mut widgets.hovered, palette.hover, palette.faint, palette.text),
        (&mut widgets.active, palette.selected, palette.accent, palette.text),
        (&mut widgets.open, palette.hover, palette.line, palette.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    if palette.dark {
        // What can be ticked has no other sign of it than its circle or box.
        widgets.inactive.bg_fill = palette.line.lerp_to_gamma(palette.faint, 0.4);
    }
    visuals
}

/// The frame of a dialog.
pub fn dialog(ctx: &egui::Context) -> egui::Frame {
    let style = ctx.global_style();
    egui::Frame::window(&style).inner_margin(Margin::symmetric(28, 24)).shadow(style.visuals.window_shadow)
}

/// A tag's colour, by its place in the palette: the label's ground, and its words.
pub fn tag_color(color: u8, dark: bool) -> (Color32, Color32) {
    const HUES: [(u8, u8, u8); 8] = [
        (0xB0, 0x32, 0x32),
        (0xA3, 0x5A, 0x10),
        (0x7A, 0x6A, 0x0C),
        (0x2F, 0x74, 0x36),
        (0x14, 0x72, 0x78),
        (0x25, 0x62, 0xA8),
        (0x6B, 0x4B, 0xAE),
        (0x9C, 0x3B, 0x7E),
    ];
    let (r, g, b) = HUES.get(usize::from(color) % HUES.len()).copied().unwrap_or_default();
    let hue = Color32::from_rgb(r, g, b);
    if dark {
        (hue.lerp_to_gamma(DARK.list, 0.62), hue.lerp_to_gamma(Color32::WHITE, 0.58))
    } else {
        (hue.lerp_to_gamma(Color32::WHITE, 0.84), hue.lerp_to_gamma(Color32::BLACK, 0.12))
    }
}

/// What a tag's colour is called.
pub fn tag_color_name(color: u8) -> &'static str {
    ["Red", "Orange", "Ochre", "Green", "Teal", "Blue", "Violet", "Pink"]
        .get(usize::from(color) % 8)
        .copied()
        .unwrap_or_default()
}

/// A colour for an account, so that its mail is told from the others' in a list of all.
pub fn account_color(id: i64, dark: bool) -> Color32 {
    const HUES: [(u8, u8, u8); 8] = [
        (0xB4, 0x5A, 0x2B),
        (0x2F, 0x7D, 0x77),
        (0x5A, 0x66, 0xB0),
        (0x8A, 0x4E, 0x86),
        (0x6B, 0x7F, 0x2A),
        (0xA8, 0x3F, 0x56),
        (0x3B, 0x79, 0xA8),
        (0x8C, 0x6D, 0x1F),
    ];
    let index = usize::try_from(id.unsigned_abs() % 8).unwrap_or_default();
    let (r, g, b) = HUES.get(index).copied().unwrap_or((0x80, 0x80, 0x80));
    let color = Color32::from_rgb(r, g, b);
    if dark { color.lerp_to_gamma(Color32::WHITE, 0.3) } else { color }
}
