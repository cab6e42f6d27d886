//! What has lain in Trash for thirty days goes by itself, in small steps beside everything else, and never while a line is open.

use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;

use super::event::Event;
use super::hub::{Hub, now};
use super::organising;
use crate::store::Error;

/// After its start the program has other things to do.
const CALM: Duration = Duration::from_secs(120);
/// How often it is looked whether something is due.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// Between two steps others have the disk.
const PAUSE: Duration = Duration::from_millis(200);

/// Looks every now and then; ends when `ended` is closed.
pub(super) async fn run(hub: Arc<Hub>, ended: Receiver<()>) {
    let mut wait = CALM;
    while !is_over(&ended, wait).await {
        wait = EVERY;
        // What cannot be removed now is removed another time: nobody waits for it.
        if let Ok(removed) = tidy(&hub, &ended).await
            && removed > 0
        {
            hub.tell(None, Event::MailChanged).await;
            organising::announce(&hub).await;
        }
    }
}

/// Waits; whether the engine has ended meanwhile.
async fn is_over(ended: &Receiver<()>, wait: Duration) -> bool {
    async_std::future::timeout(wait, ended.recv()).await.is_ok()
}

async fn tidy(hub: &Hub, ended: &Receiver<()>) -> Result<u64, Error> {
    let now = now();
    let mut removed = 0;
    if !hub.store.may_tidy(now).await? {
        return Ok(0);
    }
    loop {
        if !hub.is_line_open() {
            let step = hub.store.tidy(now).await?;
            removed += step.removed;
            if !step.more {
                return Ok(removed);
            }
        }
        if is_over(ended, PAUSE).await {
            return Ok(removed);
        }
    }
}
