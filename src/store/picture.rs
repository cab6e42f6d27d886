//! Remote pictures of messages that were fetched on the person's word, and for whom that word was given for good.

use std::fmt;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::types::MessageKey;
use super::{Error, Store};
use crate::account::AccountId;

/// A remote picture as it was fetched.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptPicture {
    /// As the cleaned page names it: [`crate::mail::clean::RemotePicture::url`].
    pub url: String,
    /// `image/png` and its like, by its octets.
    pub content_type: String,
    /// None: it could not be had when it was asked for.
    pub bytes: Option<Arc<Vec<u8>>>,
}

impl fmt::Debug for KeptPicture {
    /// Without the octets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.bytes.as_ref().map(|bytes| bytes.len());
        write!(f, "KeptPicture({} {} {length:?})", self.url, self.content_type)
    }
}

/// Names a consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsentId(pub i64);

/// Whose pictures are fetched with their mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Allowed {
    /// By the address that a message names as its sender, lower case. Anybody can write it there: whoever does learns that
    /// mail was collected, and not when it is read.
    Sender(String),
    /// By the id of the mailing list (RFC 2919), lower case.
    List(String),
}

/// What a person has allowed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureConsent {
    pub id: ConsentId,
    pub whom: Allowed,
    /// Unix seconds.
    pub given_at: i64,
}

impl Allowed {
    fn parts(&self) -> (i64, &str) {
        match self {
            Self::Sender(address) => (0, address),
            Self::List(id) => (1, id),
        }
    }
}

impl Store {
    /// What was fetched for a message, in no order.
    pub async fn pictures(&self, key: MessageKey) -> Result<Vec<KeptPicture>, Error> {
        self.read(move |db| {
            let mut select =
                db.prepare_cached("SELECT url, content_type, bytes FROM message_picture WHERE message = ?1")?;
            let pictures = select.query_map([key.0], |row| {
                let bytes: Vec<u8> = row.get(2)?;
                let bytes = (!bytes.is_empty()).then(|| Arc::new(bytes));
                Ok(KeptPicture { url: row.get(0)?, content_type: row.get(1)?, bytes })
            })?;
            Ok(pictures.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps what was fetched. What is there stays where the new attempt failed. Nothing is kept for a message that is gone.
    pub async fn keep_pictures(&self, key: MessageKey, pictures: Vec<KeptPicture>) -> Result<(), Error> {
        self.write(move |db| {
            let mut insert = db.prepare_cached(
                "INSERT INTO message_picture (message, url, content_type, bytes)
                 SELECT key, ?2, ?3, ?4 FROM message WHERE key = ?1
                 ON CONFLICT (message, url) DO UPDATE SET content_type = excluded.content_type, bytes = excluded.bytes
                     WHERE length(excluded.bytes) > 0",
            )?;
            for KeptPicture { url, content_type, bytes } in &pictures {
                let bytes: &[u8] = bytes.as_ref().map(|bytes| bytes.as_slice()).unwrap_or_default();
                insert.execute(params![key.0, url, content_type, bytes])?;
            }
            Ok(())
        })
        .await
    }

    /// Everything that is allowed for good, the last first.
    pub async fn picture_consents(&self) -> Result<Vec<PictureConsent>, Error> {
        self.read(|db| consents(db)).await
    }

    /// Allows it from now (Unix seconds) on.
    pub async fn allow_pictures(&self, whom: Allowed, now: i64) -> Result<Vec<PictureConsent>, Error> {
        self.write(move |db| {
            let (kind, name) = whom.parts();
            db.prepare_cached("INSERT OR IGNORE INTO picture_consent (kind, name, given_at) VALUES (?1, ?2, ?3)")?
                .execute(params![kind, name.to_ascii_lowercase(), now])?;
            consents(db)
        })
        .await
    }

    /// Takes it back. What was fetched by it stays.
    pub async fn revoke_pictures(&self, id: ConsentId) -> Result<Vec<PictureConsent>, Error> {
        self.write(move |db| {
            db.prepare_cached("DELETE FROM picture_consent WHERE id = ?1")?.execute([id.0])?;
            consents(db)
        })
        .await
    }

    /// New messages of an account whose pictures may have to be fetched, the newest first.
    pub async fn pictures_due(&self, account: AccountId, most: u32) -> Result<Vec<MessageKey>, Error> {
        self.read(move |db| {
            let mut select = db.prepare_cached(
                "SELECT picture_due.message FROM picture_due
                 JOIN message ON message.key = picture_due.message JOIN mailbox ON mailbox.id = message.mailbox
                 WHERE mailbox.account = ?1 ORDER BY picture_due.message DESC LIMIT ?2",
            )?;
            let keys = select.query_map(params![account.0, most], |row| row.get(0).map(MessageKey))?;
            Ok(keys.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// These were looked at, whatever came of it.
    pub async fn pictures_settled(&self, keys: Vec<MessageKey>) -> Result<(), Error> {
        self.write(move |db| {
            let mut delete = db.prepare_cached("DELETE FROM picture_due WHERE message = ?1")?;
            for key in &keys {
                delete.execute([key.0])?;
            }
            Ok(())
        })
        .await
    }
}

fn consents(db: &Connection) -> Result<Vec<PictureConsent>, Error> {
    let mut select = db.prepare_cached("SELECT id, kind, name, given_at FROM picture_consent ORDER BY id DESC")?;
    let consents = select.query_map([], |row| {
        let name: String = row.get(2)?;
        let whom = if row.get::<_, i64>(1)? == 1 { Allowed::List(name) } else { Allowed::Sender(name) };
        Ok(PictureConsent { id: ConsentId(row.get(0)?), whom, given_at: row.get(3)? })
    })?;
    Ok(consents.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::Fixture;
    use super::super::types::Role;
    use super::super::{Arrival, Content, prepare};
    use super::*;
    use crate::mail::{Address, Envelope};

    fn picture(url: &str, bytes: &[u8]) -> KeptPicture {
        let bytes = (!bytes.is_empty()).then(|| Arc::new(bytes.to_vec()));
        KeptPicture { url: url.into(), content_type: "image/png".into(), bytes }
    }

    #[test]
    fn what_was_fetched_stays_with_its_message_and_goes_with_it() {
        let fixture = Fixture::new();
        fixture.receive(b"From: ana@example.org\r\n\r\n");
        let key = fixture.keys(Role::Inbox)[0];
        let keep = |pictures| block_on(fixture.store.keep_pictures(key, pictures)).unwrap();
        keep(vec![picture("http://a.test/1", b"one"), picture("http://a.test/2", b"")]);
        keep(vec![picture("http://a.test/1", b""), picture("http://a.test/2", b"two")]);
        let fixture = fixture.reopened();
        let mut kept = block_on(fixture.store.pictures(key)).unwrap();
        kept.sort_by(|a, b| a.url.cmp(&b.url));
        assert_eq!(kept, [picture("http://a.test/1", b"one"), picture("http://a.test/2", b"two")]);
        block_on(async {
            fixture.store.move_to(vec![key], Role::Trash).await.unwrap();
            fixture.store.empty_trash(None).await.unwrap();
            assert_eq!(fixture.store.pictures(key).await, Ok(Vec::new()));
            fixture.store.keep_pictures(key, vec![picture("http://a.test/1", b"late")]).await.unwrap();
            assert_eq!(fixture.store.pictures(key).await, Ok(Vec::new()), "nothing is kept for nobody");
        });
    }

    /// A message from this address.
    fn receive(fixture: &Fixture, from: &str) {
        let uid = format!("uid-{}", fixture.keys(Role::Inbox).len());
        let octets = format!("From: {from}\r\n\r\n{uid}").into_bytes();
        let envelope =
            Envelope { from: vec![Address { name: String::new(), addr: from.into() }], ..Envelope::default() };
        let (uid, content) = (Some(uid.into_bytes()), Content::Whole(octets));
        fixture.deliver(vec![prepare(Arrival { uid, content, envelope, ..Arrival::default() })]).unwrap();
    }

    #[test]
    fn mail_of_those_who_are_allowed_is_looked_at_once() {
        let fixture = Fixture::new();
        let due = || block_on(fixture.store.pictures_due(fixture.account, 10)).unwrap().len();
        receive(&fixture, "Ana@Example.org");
        assert_eq!(due(), 0);
        let allow = |whom| block_on(fixture.store.allow_pictures(whom, 7)).unwrap();
        allow(Allowed::Sender("ANA@example.org".into()));
        let consents = allow(Allowed::Sender("ana@example.org".into()));
        assert_eq!(consents.len(), 1, "{consents:?}");
        receive(&fixture, "Ana@Example.org");
        receive(&fixture, "bo@example.org");
        assert_eq!(due(), 1);
        let consents = allow(Allowed::List("trains.example.org".into()));
        assert_eq!(consents[0].whom, Allowed::List("trains.example.org".into()));
        receive(&fixture, "bo@example.org");
        assert_eq!(due(), 2, "it may have come by the list");
        let keys = block_on(fixture.store.pictures_due(fixture.account, 10)).unwrap();
        block_on(fixture.store.pictures_settled(keys)).unwrap();
        assert_eq!(due(), 0);
        for consent in consents {
            block_on(fixture.store.revoke_pictures(consent.id)).unwrap();
        }
        assert_eq!(block_on(fixture.store.picture_consents()), Ok(Vec::new()));
        receive(&fixture, "ana@example.org");
        assert_eq!(due(), 0);
    }
}
