//! The screens as a person meets them: widgets are found by role and name, never by place.

mod composer;
mod conversation;
mod filter;
mod find;
mod keys;
mod list;
mod looks;
mod moving;
mod notices;
mod organise;
mod page;
mod parts;
mod pictures;
mod reading;
mod search;
mod server;
mod settings;
mod sidebar;
mod sorting;
mod table;
mod upkeep;

use egui::accesskit::Role as AccessRole;
use egui::{Context, Key, Modifiers, Ui, Vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, HarnessBuilder, Node};

use super::action::Action;
use super::testing::Desk;
use super::{ViewState, theme, window_ui};

/// The window over a make-believe engine, and what was done in it.
struct Screen {
    desk: Desk,
    view: ViewState,
    done: Vec<Action>,
}

struct Window(Harness<'static, Screen>);

impl Window {
    fn new(desk: Desk) -> Self {
        Self::of(desk, Vec2::new(1280.0, 800.0), Harness::builder().with_theme(egui::Theme::Light))
    }

    fn of(desk: Desk, size: Vec2, builder: HarnessBuilder<Screen>) -> Self {
        let builder = builder.with_size(size).with_max_steps(60).with_step_dt(1.0 / 30.0).with_context_setup(set_up);
        let screen = Screen { desk, view: ViewState::default(), done: Vec::new() };
        let mut window = Self(builder.build_ui_state(draw, screen));
        window.run();
        window
    }

    /// Frames until nothing moves any more. Fails if a widget has no name for a screen reader.
    fn run(&mut self) {
        self.0.run();
    }

    fn desk(&mut self) -> &mut Desk {
        &mut self.0.state_mut().desk
    }

    /// What was done since it was last asked.
    fn done(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.0.state_mut().done)
    }

    /// What was asked of the engine and is not answered.
    fn asked(&self) -> Vec<String> {
        self.0.state().desk.asked()
    }

    /// Does something to the model behind the window's back, as news of the engine do.
    fn meanwhile(&mut self, change: impl FnOnce(&mut Desk)) {
        change(self.desk());
        self.desk().serve();
        self.run();
    }

    fn button<'a>(&'a self, name: &'a str) -> Node<'a> {
        self.find(AccessRole::Button, name)
    }

    #[track_caller]
    fn find<'a>(&'a self, role: AccessRole, name: &'a str) -> Node<'a> {
        self.0.get_by_role_and_label(role, name)
    }

    fn has(&self, role: AccessRole, name: &str) -> bool {
        let found = |node: &Node<'_>| node.accesskit_node().label().as_deref() == Some(name);
        self.0.root().children_recursive().any(|node| node.accesskit_node().role() == role && found(&node))
    }

    #[track_caller]
    fn click(&mut self, role: AccessRole, name: &str) {
        self.find(role, name).click();
        self.run();
    }

    #[track_caller]
    fn press_button(&mut self, name: &str) {
        self.click(AccessRole::Button, name);
    }

    #[track_caller]
    fn type_into(&mut self, field: &str, text: &str) {
        let node = self.field(field);
        node.focus();
        self.run();
        self.field(field).type_text(text);
        self.run();
    }

    /// The text field with this name.
    #[track_caller]
    fn field(&self, name: &str) -> Node<'_> {
        let is_field = |node: &Node<'_>| {
            let node = node.accesskit_node();
            let inputs = [AccessRole::TextInput, AccessRole::MultilineTextInput, AccessRole::PasswordInput];
            inputs.contains(&node.role()) && node.label().is_some_and(|label| label == name)
        };
        let mut fields = self.0.root().children_recursive().filter(is_field);
        let field = fields.next().unwrap_or_else(|| panic!("there is no field “{name}”"));
        assert!(fields.next().is_none(), "there are two fields “{name}”");
        field
    }

    fn key(&mut self, modifiers: Modifiers, key: Key) -> Vec<Action> {
        self.done();
        self.0.key_press_modifiers(modifiers, key);
        self.run();
        self.done()
    }

    /// Everything that can be read, in the order of the tree.
    fn words(&self) -> Vec<String> {
        let said = |node: Node<'_>| [node.accesskit_node().label(), node.accesskit_node().value()];
        self.0.root().children_recursive().flat_map(said).flatten().collect()
    }

    #[track_caller]
    fn sees(&self, words: &str) {
        assert!(self.shows(words), "“{words}” is not in {:#?}", self.words());
    }

    fn shows(&self, words: &str) -> bool {
        self.words().iter().any(|said| said.contains(words))
    }

    fn rows(&self) -> Vec<String> {
        let rows = self.0.root().children_recursive();
        let rows = rows.filter(|node| node.accesskit_node().role() == AccessRole::ListBoxOption);
        rows.filter_map(|node| node.accesskit_node().label()).collect()
    }

    /// Where this is, if all of it is inside the window.
    #[track_caller]
    fn assert_inside(&self, role: AccessRole, name: &str) {
        let window = self.0.ctx.content_rect();
        let rect = self.find(role, name).rect();
        assert!(window.contains_rect(rect) && rect.is_positive(), "“{name}” is cut: {rect:?}");
    }
}

fn set_up(ctx: &Context) {
    egui_extras::install_image_loaders(ctx);
    theme::install(ctx);
}

fn draw(ui: &mut Ui, screen: &mut Screen) {
    for action in window_ui(ui, &mut screen.desk.model, &mut screen.view) {
        if !matches!(action, Action::RowsVisible(..)) {
            screen.done.push(action.clone());
        }
        screen.desk.act(action);
        screen.desk.serve();
        ui.ctx().request_repaint();
    }
}
