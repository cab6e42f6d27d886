//! The icons: white strokes, tinted where they are drawn.

use egui::{Color32, Image, ImageSource, Rect, Ui, Vec2, include_image};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    GetMail,
    Stop,
    Compose,
    Reply,
    ReplyAll,
    Forward,
    Archive,
    Trash,
    Undo,
    Star,
    StarFilled,
    Inbox,
    Drafts,
    Outbox,
    Sent,
    Junk,
    Settings,
    Attachment,
    Close,
    Save,
    Search,
    Server,
    Sort,
    Warning,
    Check,
    More,
    Folder,
    Tag,
    Up,
    Down,
    Right,
    Person,
    Image,
    Unread,
    Read,
    View,
    /// What was done before.
    Past,
    Picture,
    Document,
    Table,
    Slides,
    /// A page of the web.
    Web,
    Package,
    Sound,
    Video,
    Message,
    Calendar,
    /// Signed or encrypted.
    Seal,
}

impl Icon {
    fn source(self) -> ImageSource<'static> {
        match self {
            Self::GetMail => include_image!("../../assets/icons/get-mail.svg"),
            Self::Stop => include_image!("../../assets/icons/stop.svg"),
            Self::Compose => include_image!("../../assets/icons/compose.svg"),
            Self::Reply => include_image!("../../assets/icons/reply.svg"),
            Self::ReplyAll => include_image!("../../assets/icons/reply-all.svg"),
            Self::Forward => include_image!("../../assets/icons/forward.svg"),
            Self::Archive => include_image!("../../assets/icons/archive.svg"),
            Self::Trash => include_image!("../../assets/icons/trash.svg"),
            Self::Undo => include_image!("../../assets/icons/undo.svg"),
            Self::Star => include_image!("../../assets/icons/star.svg"),
            Self::StarFilled => include_image!("../../assets/icons/star-filled.svg"),
            Self::Inbox => include_image!("../../assets/icons/inbox.svg"),
            Self::Drafts => include_image!("../../assets/icons/drafts.svg"),
            Self::Outbox => include_image!("../../assets/icons/outbox.svg"),
            Self::Sent => include_image!("../../assets/icons/sent.svg"),
            Self::Junk => include_image!("../../assets/icons/junk.svg"),
            Self::Settings => include_image!("../../assets/icons/settings.svg"),
            Self::Attachment => include_image!("../../assets/icons/attachment.svg"),
            Self::Close => include_image!("../../assets/icons/close.svg"),
            Self::Save => include_image!("../../assets/icons/save.svg"),
            Self::Search => include_image!("../../assets/icons/search.svg"),
            Self::Server => include_image!("../../assets/icons/server.svg"),
            Self::Sort => include_image!("../../assets/icons/sort.svg"),
            Self::Warning => include_image!("../../assets/icons/warning.svg"),
            Self::Check => include_image!("../../assets/icons/check.svg"),
            Self::More => include_image!("../../assets/icons/more.svg"),
            Self::Folder => include_image!("../../assets/icons/folder.svg"),
            Self::Tag => include_image!("../../assets/icons/tag.svg"),
            Self::Up => include_image!("../../assets/icons/up.svg"),
            Self::Down => include_image!("../../assets/icons/down.svg"),
            Self::Right => include_image!("../../assets/icons/right.svg"),
            Self::Person => include_image!("../../assets/icons/person.svg"),
            Self::Image => include_image!("../../assets/icons/image.svg"),
            Self::Unread => include_image!("../../assets/icons/unread.svg"),
            Self::Read => include_image!("../../assets/icons/read.svg"),
            Self::View => include_image!("../../assets/icons/view.svg"),
            Self::Past => include_image!("../../assets/icons/past.svg"),
            Self::Picture => include_image!("../../assets/icons/picture.svg"),
            Self::Document => include_image!("../../assets/icons/document.svg"),
            Self::Table => include_image!("../../assets/icons/table.svg"),
            Self::Slides => include_image!("../../assets/icons/slides.svg"),
            Self::Web => include_image!("../../assets/icons/web.svg"),
            Self::Package => include_image!("../../assets/icons/package.svg"),
            Self::Sound => include_image!("../../assets/icons/sound.svg"),
            Self::Video => include_image!("../../assets/icons/video.svg"),
            Self::Message => include_image!("../../assets/icons/message.svg"),
            Self::Calendar => include_image!("../../assets/icons/calendar.svg"),
            Self::Seal => include_image!("../../assets/icons/seal.svg"),
        }
    }

    pub fn image(self, size: f32, tint: Color32) -> Image<'static> {
        Image::new(self.source()).fit_to_exact_size(Vec2::splat(size)).tint(tint)
    }

    pub fn paint(self, ui: &Ui, rect: Rect, tint: Color32) {
        self.image(rect.width(), tint).paint_at(ui, rect);
    }

    pub fn of_role(role: crate::store::types::Role) -> Self {
        use crate::store::types::Role;
        match role {
            Role::Inbox => Self::Inbox,
            Role::Drafts => Self::Drafts,
            Role::Outbox => Self::Outbox,
            Role::Sent => Self::Sent,
            Role::Archive => Self::Archive,
            Role::Junk => Self::Junk,
            Role::Trash => Self::Trash,
            Role::Own(_) => Self::Folder,
        }
    }
}
