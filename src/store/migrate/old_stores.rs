//! Stores as each version of the schema has left them, in tests/data/db, brought up to date with every row and every octet.
//!
//! They are made by the migrations themselves, and never made again but for a version that has none yet:
//! `MALOTE_MAKE_OLD_STORE=7 cargo test --lib old_stores`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use futures::executor::block_on;
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use super::super::testing::noise;
use super::super::types::{MailboxView, MessageKey, Role};
use super::super::{Control, Store, verify};
use super::{APPLICATION_ID, migrations, newest_version};

/// Versions of which there is a store.
const FIRST_TO_LAST: std::ops::RangeInclusive<u32> = 1..=12;

fn packed_store(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/db/version-{version}.db.zst"))
}

/// Octets of messages: text, octets of no character set, a large one in three pieces, nothing at all.
fn messages() -> Vec<Vec<u8>> {
    let text =
        "From: Bo <bo@example.org>\r\nSubject: Grüße\r\n\r\nText that compresses. ".to_owned() + &"again ".repeat(400);
    vec![
        text.into_bytes(),
        noise(900, 5),
        [noise(20_000, 6), vec![b'x'; 500_000]].concat(),
        Vec::new(),
        b"Subject: sent\r\n\r\n".to_vec(),
    ]
}

#[test]
fn a_store_of_each_version_is_brought_up_to_date_with_every_row_and_octet() {
    if let Some(version) = std::env::var("MALOTE_MAKE_OLD_STORE").ok().and_then(|version| version.parse().ok()) {
        make(version);
    }
    for version in FIRST_TO_LAST {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("malote.db");
        let packed = fs::read(packed_store(version)).unwrap();
        fs::write(&file, zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
        let before = rows(&Connection::open(&file).unwrap());
        assert!(
            before["message"].len() == 5 && before["ledger"].len() == 4 && before["account"].len() == 2,
            "{version}"
        );
        let db = Connection::open(&file).unwrap();
        assert_eq!(db.query_row("PRAGMA user_version", [], |row| row.get(0)), Ok(version));
        drop(db);

        let store = Store::open(folder.path()).unwrap();
        let report = verify(&store.source(), &Control::default(), &mut |_| {}).unwrap();
        assert!(report.is_clean() && report.messages == 5, "version {version}: {report:?}");
        let keys = block_on(store.all_keys()).unwrap();
        let mut octets: Vec<Vec<u8>> = keys.iter().map(|key| block_on(store.raw(*key)).unwrap()).collect();
        let mut wanted = messages();
        octets.sort();
        wanted.sort();
        assert!(octets == wanted, "version {version}");
        let (_, draft) = block_on(store.draft(key(3))).unwrap();
        assert_eq!((draft.to.as_str(), draft.attachments[0].bytes.len()), ("bo@example.org", 300));
        let unread = block_on(store.counts()).unwrap().iter().map(|count| count.unread).sum::<u64>();
        assert_eq!(unread, 2, "version {version}");
        assert_eq!(block_on(store.keys(MailboxView { role: Role::Outbox, account: None })), Ok(vec![key(4)]));
        assert_eq!(block_on(store.outgoing(None)).unwrap().len(), 1);
        assert_eq!(block_on(store.left_to_index()), Ok(5), "everything is to be indexed");
        drop(store);
        check_rows(&before, &rows(&Connection::open(&file).unwrap()), version);
    }
    assert!(*FIRST_TO_LAST.end() < newest_version());
}

/// Every row is there with every value that it had; columns that came later are more.
fn check_rows(before: &Rows, after: &Rows, version: u32) {
    for (table, rows) in before.iter().filter(|(table, _)| !table.starts_with("search") && *table != "to_index") {
        let now = &after[table];
        assert_eq!(now.len(), rows.len(), "version {version}: {table}");
        for (row, now) in rows.iter().zip(now) {
            let kept: BTreeMap<_, _> = now.iter().filter(|(column, _)| row.contains_key(*column)).collect();
            assert_eq!(kept, row.iter().collect(), "version {version}: {table}");
        }
    }
}

type Rows = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// Every table's rows by their columns.
fn rows(db: &Connection) -> Rows {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
    let tables: Vec<String> =
        db.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let read = |table: &String| {
        let mut select = db.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1, 2")).ok()?;
        let columns: Vec<String> = select.column_names().iter().map(ToString::to_string).collect();
        let rows = select.query_map([], |row| {
            columns
                .iter()
                .map(|name| Ok((name.clone(), format!("{:?}", row.get::<_, Value>(name.as_str())?))))
                .collect()
        });
        let rows = rows.unwrap().map(Result::unwrap).collect();
        Some((table.clone(), rows))
    };
    tables.iter().filter_map(read).collect()
}

fn key(number: i64) -> MessageKey {
    MessageKey((1_700_000_000 + number * 1000) << 20)
}

/// Writes a store of this version with something in each of its tables.
fn make(version: u32) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("malote.db");
    let mut db = Connection::open(&file).unwrap();
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL").unwrap();
    db.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    migrations().unwrap().to_version(&mut db, version as usize).unwrap();
    fill(&db);
    for (since, sql) in LATER {
        if version >= *since {
            db.execute_batch(sql).unwrap();
        }
    }
    db.close().unwrap();
    fs::create_dir_all(packed_store(version).parent().unwrap()).unwrap();
    let packed = zstd::encode_all(fs::read(&file).unwrap().as_slice(), 19).unwrap();
    fs::write(packed_store(version), packed).unwrap();
}

/// What every version has.
fn fill(db: &Connection) {
    let account = "INSERT INTO account (id, name, display_name, address, signature, incoming_host, incoming_port,
                                        incoming_security, user, password_command, retention, outgoing_host,
                                        outgoing_port, outgoing_security, ca_file, incoming_pin, timeout_secs)
                   VALUES (?1, ?2, 'Ana', 'ana@example.org', '-- Ana', 'pop.example.org', 995, 'tls', 'ana', ?3, ?4,
                           'smtp.example.org', 465, 'tls', x'2f612fff', ?5, 60)";
    db.execute(account, params![1, "Work", None::<String>, "forever", [7u8; 32]]).unwrap();
    db.execute(account, params![4, "Home", "pass show mail", "days:7", None::<Vec<u8>>]).unwrap();
    for account in [1, 4] {
        for (number, role) in ["inbox", "drafts", "outbox", "sent", "archive", "junk", "trash"].iter().enumerate() {
            let mailbox = "INSERT INTO mailbox (id, account, role) VALUES (?1, ?2, ?3)";
            db.execute(mailbox, params![account * 10 + number as i64, account, role]).unwrap();
        }
    }
    for (number, (octets, mailbox)) in messages().into_iter().zip([10, 40, 14, 11, 12]).enumerate() {
        let number = number as i64;
        let raw = number + 5;
        for (piece, bytes) in octets.chunks(256 * 1024).chain(octets.is_empty().then_some([].as_slice())).enumerate() {
            let packed = zstd::bulk::compress(bytes, 3).unwrap();
            let (packing, stored) = if packed.len() < bytes.len() { (1, packed) } else { (0, bytes.to_vec()) };
            let chunk = "INSERT INTO raw_chunk (id, packing, bytes) VALUES (?1, ?2, ?3)";
            db.execute(chunk, params![raw << 20 | piece as i64, packing, stored]).unwrap();
        }
        let hash: [u8; 32] = Sha256::digest(&octets).into();
        let message = "INSERT INTO message (key, mailbox, previous_mailbox, flags, has_attachments, date, stored_at, size_bytes,
                                            raw, sha256, uid, from_name, from_addr, recipients, recipient_addrs, subject, snippet,
                                            message_id, in_reply_to, reference_ids)
                       VALUES (?1, ?2, ?3, ?4, 0, ?5, 1700000000, ?6, ?7, ?8, ?9, 'Bo', 'bo@example.org', 'Ana',
                               'ana@example.org', 'Grüße', 'Text', ?10, '', 'a@example.org')";
        let uid = (number < 3).then(|| format!("uid-{number}").into_bytes());
        let flags = if number < 2 { 0 } else { 1 | number };
        let key = key(number).0;
        let place = (number == 2).then_some(10);
        let id = format!("{number}@example.org");
        db.execute(message, params![key, mailbox, place, flags, key >> 20, octets.len() as i64, raw, hash, uid, id])
            .unwrap();
        if number < 3 {
            let ledger = "INSERT INTO ledger (account, uid, size_bytes, sha256, stored_at, deletion, message)
                          VALUES (?1, ?2, ?3, ?4, 1700000000, ?5, ?6)";
            let account = if mailbox >= 40 { 4 } else { 1 };
            db.execute(ledger, params![account, uid, octets.len() as i64, hash, number, key]).unwrap();
        }
    }
    db.execute_batch(&format!(
        "INSERT INTO ledger (account, uid, size_bytes, sha256, stored_at, deletion, message)
             VALUES (1, x'ff00fe', NULL, zeroblob(32), 1600000000, 2, NULL);
         INSERT INTO draft (message, fields) VALUES ({}, '{{\"to\":\"bo@example.org\",\"cc\":\"\",\"bcc\":\"\",\"subject\":\"S\",\"body\":\"B\"}}');
         INSERT INTO draft_attachment (message, number, name, content_type, bytes)
             VALUES ({}, 0, 'a.bin', 'application/octet-stream', zeroblob(300));
         INSERT INTO outbox (message, state, words, recipients, queued_at)
             VALUES ({}, 'refused', '550 no', '[\"bo@example.org\"]', 1700000000);",
        key(3).0, key(3).0, key(4).0
    ))
    .unwrap();
}

/// What came with later versions.
const LATER: &[(u32, &str)] = &[
    (
        2,
        "UPDATE account SET policy = '{\"never_delete\":true}' WHERE id = 4;
         UPDATE ledger SET fingerprint = zeroblob(32) WHERE id = 1;
         INSERT INTO server_note (account, uid, wish, tries, next_try_at, words, header)
             VALUES (1, x'75', 'get', 2, 1700000000, '-ERR no', x'00ff');
         INSERT INTO line_use (account, month, visits, connected_ms, bytes_in, bytes_out, new)
             VALUES (1, '2026-10', 1, 2, 3, 4, 5);",
    ),
    (
        3,
        "UPDATE account SET sign_in = 'plain', proxy = 'socks5://127.0.0.1:9050' WHERE id = 4;
         INSERT INTO server_memory (account, mechanism, pipelining_broken, login_delay_secs, expire)
             VALUES (1, 'scram-sha-256', 1, 60, 'NEVER');",
    ),
    (
        4,
        "UPDATE line_use SET round_trip_us = 900, round_trips = 2, round_trips_us = 2000;
         INSERT INTO visit (account, ended_at, connected_ms, bytes_in, bytes_out, round_trip_us, new, outcome)
             VALUES (1, 1700000000, 900, 10, 20, NULL, 3, 'done');",
    ),
    (5, "UPDATE server_memory SET hangs_up_on_capa = 1;"),
    (
        7,
        "INSERT INTO own_mailbox (id, name, removed_at) VALUES (1, 'Projects', NULL), (2, 'Projects/House', 1700000000);
         INSERT INTO mailbox (id, account, role) VALUES (50, 1, 'own:1');
         INSERT INTO tag (id, name, color, removed_at) VALUES (1, 'Tax', 3, NULL), (2, 'Later', 0, 1700000000);
         INSERT INTO message_tag (message, tag) SELECT min(key), 1 FROM message;
         INSERT INTO journal (at, deed, messages, changes, undone)
             VALUES (unixepoch(), '{\"AddMailbox\":{\"ids\":[1],\"name\":\"Projects\"}}', 0, x'', 0);
         UPDATE message SET trashed_at = 1700000000 WHERE key = (SELECT max(key) FROM message);",
    ),
    (
        8,
        "INSERT INTO thread (id, joined) VALUES (1, NULL), (2, 1);
         INSERT INTO in_thread (message, thread) SELECT min(key), 1 FROM message;
         INSERT INTO thread_by_id (id_hash, thread) VALUES (-5, 1), (9, 2);
         DELETE FROM to_thread WHERE message = (SELECT min(key) FROM message);",
    ),
    (
        9,
        "INSERT INTO contact (id, address, name, words, seen, written, last_at, weight)
             VALUES (1, 'bo@example.org', 'Bo', ' bo bo example org', 3, 1, 1700000000, 9);
         INSERT INTO contact_word (word, contact) VALUES ('bo', 1);
         INSERT INTO past_search (text) VALUES ('from:bo');
         INSERT INTO saved_search (name, text) VALUES ('Bills', 'invoice is:unread');
         UPDATE to_index SET people = 0 WHERE message = (SELECT min(key) FROM message);",
    ),
    (10, "INSERT INTO upkeep (name, value) VALUES ('verified_at', x'31373030303030303030');"),
    (
        11,
        "INSERT INTO order_change (message) SELECT min(key) FROM message;
         INSERT INTO raw_dictionary (id, messages, sha256, bytes)
             VALUES (2, 100, x'6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', x'00');",
    ),
];
