//! The process that draws pages: this program once more, started with [`super::protocol::ARGUMENT`] and nothing else.
//!
//! Mail is hostile, and the engine that lays pages out is large. So it works in a process of its own, which can be ended from
//! outside whatever it is doing, whose stack or memory may run out without harm to the window, and which has no more than it
//! needs: two pipes, the fonts, a limit on memory and computing time, and no file that it could write.

mod limits;
mod sandbox;

use std::io::{Write, stdin, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::protocol::{self, PageId, Reply, Request, Selection, Trouble};
use super::{Fonts, Page, Refused, STACK_BYTES, View};

/// Draws what comes in on standard input, until that ends. Never returns before.
pub fn run() -> ExitCode {
    // Nobody reads what a panic says; that there was one is said in a reply.
    std::panic::set_hook(Box::new(|_| {}));
    limits::set();
    sandbox::enter();
    let (tell, requests) = channel();
    let draw = move || Desk::new(stdout()).work(&requests);
    if thread::Builder::new().name("page".into()).stack_size(STACK_BYTES).spawn(draw).is_err() {
        return ExitCode::FAILURE;
    }
    let mut pipe = stdin().lock();
    while let Ok(Some(request)) = protocol::read(&mut pipe) {
        // The drawing thread is gone when nobody hears its replies.
        if tell.send(request).is_err() {
            return ExitCode::FAILURE;
        }
    }
    // Whatever is being drawn: nobody wants it any more.
    std::process::exit(0)
}

/// The page that is open, and where its frames go.
struct Desk<W> {
    out: W,
    fonts: Fonts,
    open: Option<Open>,
}

struct Open {
    id: PageId,
    page: Page,
    view: View,
    /// What has changed since the last frame.
    is_stale: bool,
}

/// The window is gone, or does not listen: nothing is left to do.
struct Gone;

impl<W: Write> Desk<W> {
    fn new(out: W) -> Self {
        Self { out, fonts: Fonts::of_system(), open: None }
    }

    fn work(&mut self, requests: &Receiver<Request>) {
        let mut going = self.say(&Reply::Ready);
        while going.is_ok() {
            let Ok(first) = requests.recv() else { return };
            going = self.serve(without_superseded([first].into_iter().chain(requests.try_iter())));
        }
        // Without anybody to draw for, the process has no purpose.
        std::process::exit(1)
    }

    fn serve(&mut self, requests: Vec<Request>) -> Result<(), Gone> {
        for request in requests {
            limits::renew();
            let page = request.page();
            match catch_unwind(AssertUnwindSafe(|| self.answer(request))) {
                Ok(answer) => answer.iter().try_for_each(|reply| self.say(reply))?,
                Err(_) => self.give_up(page)?,
            }
        }
        self.paint()
    }

    fn answer(&mut self, request: Request) -> Option<Reply> {
        if let Request::Load { page, view, document } = request {
            self.open = None;
            let document = std::sync::Arc::unwrap_or_clone(document);
            return match Page::load(document, &view, &self.fonts) {
                Ok(loaded) => {
                    self.open = Some(Open { id: page, page: loaded, view, is_stale: true });
                    None
                }
                Err(refused) => Some(Reply::Refused { page, why: Trouble::Refused(refused.to_string()) }),
            };
        }
        if let Request::Print { page, job } = request {
            self.open = None;
            limits::renew_for_printing();
            return Some(match job.pdf(&self.fonts) {
                Ok(pdf) => Reply::Printed { page, pdf },
                Err(Refused::Failed) => Reply::Refused { page, why: Trouble::Broken },
                Err(refused) => Reply::Refused { page, why: Trouble::Refused(refused.to_string()) },
            });
        }
        let open = self.open.as_mut().filter(|open| open.id == request.page())?;
        open.answer(request)
    }

    fn paint(&mut self) -> Result<(), Gone> {
        let Some(open) = self.open.as_mut().filter(|open| open.is_stale) else { return Ok(()) };
        limits::renew();
        open.is_stale = false;
        let (id, view) = (open.id, open.view);
        match catch_unwind(AssertUnwindSafe(|| open.page.paint(&view))) {
            Ok(frame) => self.say(&Reply::Frame { page: id, view, frame }),
            Err(_) => self.give_up(id),
        }
    }

    /// The engine panicked; what is left of the page is of no use.
    fn give_up(&mut self, page: PageId) -> Result<(), Gone> {
        // Dropping it may panic once more.
        let open = self.open.take();
        let _again = catch_unwind(AssertUnwindSafe(|| drop(open)));
        self.say(&Reply::Refused { page, why: Trouble::Broken })
    }

    fn say(&mut self, reply: &Reply) -> Result<(), Gone> {
        protocol::write(&mut self.out, reply).map_err(|_| Gone)
    }
}

impl Open {
    fn answer(&mut self, request: Request) -> Option<Reply> {
        let page = self.id;
        match request {
            Request::Load { .. } | Request::Print { .. } => {}
            Request::View { view, .. } => {
                self.is_stale |= view != self.view;
                self.view = view;
            }
            Request::Select { selection, .. } => {
                match selection {
                    Selection::Nothing => self.page.clear_selection(),
                    Selection::Between(from, to) => self.page.select(from, to),
                    Selection::All => self.page.select_all(),
                }
                self.is_stale = true;
            }
            Request::Copy { .. } => return Some(Reply::Copied { page, text: self.page.selected_text() }),
            Request::Find { words, .. } => {
                self.is_stale = true;
                return Some(Reply::Found { page, places: self.page.find(&words) });
            }
            Request::Hit { at, is_click, .. } => {
                return Some(Reply::Hit { page, at, is_click, hit: self.page.hit(at.0, at.1) });
            }
        }
        None
    }
}

/// Leaves out what a later request has made pointless, so that the last view is drawn and not every one on the way to it.
fn without_superseded(requests: impl IntoIterator<Item = Request>) -> Vec<Request> {
    let requests: Vec<Request> = requests.into_iter().collect();
    let (mut viewed, mut selected, mut found, mut pointed) = (false, false, false, false);
    let mut loaded = false;
    let mut kept: Vec<Request> = Vec::new();
    for request in requests.into_iter().rev() {
        let is_superseded = loaded
            || match &request {
                Request::Load { .. } => std::mem::replace(&mut loaded, true),
                Request::View { .. } => std::mem::replace(&mut viewed, true),
                Request::Select { .. } => std::mem::replace(&mut selected, true),
                Request::Find { .. } => std::mem::replace(&mut found, true),
                Request::Hit { is_click, .. } => std::mem::replace(&mut pointed, true) && !is_click,
                Request::Print { .. } => false,
                Request::Copy { .. } => {
                    // What was selected then is what is to be copied.
                    selected = false;
                    false
                }
            };
        if !is_superseded {
            kept.push(request);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::Sender;

    use super::*;
    use crate::page::Document;

    const VIEW: View = View { width_px: 4, height_px: 2, scale: 1.0, scroll_y_px: 0, dark: false };

    fn load(page: u64) -> Request {
        Request::Load { page: PageId(page), view: VIEW, document: Arc::new(Document::default()) }
    }

    fn view(page: u64, scroll_y_px: u32) -> Request {
        Request::View { page: PageId(page), view: View { scroll_y_px, ..VIEW } }
    }

    fn select(page: u64, x: f32) -> Request {
        Request::Select { page: PageId(page), selection: Selection::Between((0.0, 0.0), (x, 1.0)) }
    }

    fn hit(x: f32, is_click: bool) -> Request {
        Request::Hit { page: PageId(1), at: (x, 0.0), is_click }
    }

    #[test]
    fn what_came_later_takes_the_place_of_what_came_before() {
        let copy = || Request::Copy { page: PageId(1) };
        for (asked, kept) in [
            (vec![view(1, 1), view(1, 2), view(1, 3)], vec![view(1, 3)]),
            (vec![load(1), view(1, 1), load(2), view(2, 5)], vec![load(2), view(2, 5)]),
            (vec![view(1, 1), hit(1.0, false), view(1, 2), hit(2.0, false)], vec![view(1, 2), hit(2.0, false)]),
            (vec![hit(1.0, true), hit(2.0, false)], vec![hit(1.0, true), hit(2.0, false)]),
            (vec![hit(1.0, false), hit(2.0, true)], vec![hit(2.0, true)]),
            (
                vec![select(1, 1.0), select(1, 2.0), copy(), select(1, 3.0)],
                vec![select(1, 2.0), copy(), select(1, 3.0)],
            ),
            (vec![copy(), copy()], vec![copy(), copy()]),
        ] {
            assert_eq!(without_superseded(asked), kept);
        }
    }

    /// Everything that is said to these requests, which lie there when the work begins.
    fn said(requests: &[Request]) -> Vec<Reply> {
        let (tell, hear): (Sender<Request>, _) = channel();
        requests.iter().for_each(|request| tell.send(request.clone()).unwrap());
        drop(tell);
        let mut out = Vec::new();
        Desk::new(&mut out).work(&hear);
        let mut pipe = out.as_slice();
        std::iter::from_fn(|| protocol::read(&mut pipe).unwrap()).collect()
    }

    #[test]
    fn a_page_is_drawn_once_for_all_that_was_asked_meanwhile() {
        let replies = said(&[load(1), view(1, 0), Request::Copy { page: PageId(1) }]);
        assert_eq!(replies.first(), Some(&Reply::Ready));
        let frames = replies.iter().filter(|reply| matches!(reply, Reply::Frame { .. })).count();
        assert_eq!(frames, 1, "{replies:?}");
        assert!(matches!(replies.get(1), Some(Reply::Copied { .. })), "{replies:?}");
    }

    #[test]
    fn what_is_printed_is_a_pdf() {
        let document = Document { html: "<p>Words on paper.".into(), ..Document::default() };
        let job = crate::page::print::Job { document, ..Default::default() };
        let replies = said(&[Request::Print { page: PageId(4), job: Box::new(job) }]);
        assert!(
            matches!(replies.get(1), Some(Reply::Printed { page: PageId(4), pdf }) if pdf.starts_with(b"%PDF-")),
            "{replies:?}"
        );
    }

    #[test]
    fn what_is_asked_of_a_page_that_is_not_open_is_not_answered() {
        assert_eq!(said(&[view(1, 0), hit(0.0, true), Request::Copy { page: PageId(3) }]), [Reply::Ready]);
    }
}
