//! The people that mail names, gathered while it is indexed, so that they can be offered while one types.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::types::{MessageKey, Role};
use super::{Error, Store};
use crate::mail::Address;
use crate::mail::marks::plain_words;

/// Somebody to search for, or to write to. Fit for the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Empty: only the address is known.
    pub name: String,
    pub address: String,
    pub is_written_to: bool,
}

impl Person {
    /// As it stands in a field of recipients.
    pub fn as_recipient(&self) -> String {
        let Self { name, address, .. } = self;
        if name.is_empty() {
            return address.clone();
        }
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\''));
        if is_plain {
            format!("{name} <{address}>")
        } else {
            format!("\"{}\" <{address}>", name.replace(['"', '\\'], ""))
        }
    }
}

/// Contacts that share the beginning of a word, and are looked at one by one. Where there are more, many of those with the
/// greatest weight are among them, and the search begins at that end.
const FEW: i64 = 500;
/// Contacts that are looked at from that end, at most.
const MOST_LOOKED_AT: i64 = 20_000;
/// Words of one contact, and octets of each.
const MAX_WORDS: usize = 12;
const MAX_WORD_BYTES: usize = 64;
/// Octets of an address (RFC 5321 §4.5.3.1.3 allows 254).
const MAX_ADDRESS_BYTES: usize = 320;

impl Store {
    /// People with words in name or address that begin like those of `text`: first those that were written to, then by how
    /// often and how lately they were seen.
    pub async fn people(&self, text: String, most: usize) -> Result<Vec<Person>, Error> {
        self.read(move |db| people(db, &plain_words(&text), most)).await
    }
}

fn people(db: &Connection, words: &[String], most: usize) -> Result<Vec<Person>, Error> {
    let mut count =
        db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM contact_word WHERE word >= ?1 AND word < ?2 LIMIT ?3)")?;
    // The word that fewest have says most.
    let mut rarest: Option<(i64, &String)> = None;
    for word in words.iter().take(MAX_WORDS) {
        let few = count.query_row(params![word, after(word), FEW], |row| row.get(0))?;
        rarest = rarest.filter(|(fewest, _)| *fewest <= few).or(Some((few, word)));
    }
    let Some((few, rarest)) = rarest else { return Ok(Vec::new()) };
    let words = words.get(..words.len().min(MAX_WORDS)).unwrap_or_default();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let conditions: Vec<String> = (0..words.len()).map(|at| format!("instr(words, ?{})", at + 4)).collect();
    let conditions = conditions.join(" AND ");
    let sql = if few < FEW {
        format!(
            "SELECT name, address, written FROM contact
             WHERE id IN (SELECT contact FROM contact_word WHERE word >= ?1 AND word < ?2) AND {conditions}
             ORDER BY weight DESC LIMIT ?3"
        )
    } else {
        format!(
            "SELECT name, address, written FROM
                 (SELECT name, address, written, words FROM contact ORDER BY weight DESC LIMIT {MOST_LOOKED_AT})
             WHERE ?1 < ?2 AND {conditions} LIMIT ?3"
        )
    };
    let mut values: Vec<rusqlite::types::Value> = vec![rarest.clone().into(), after(rarest).into(), most.into()];
    values.extend(words.iter().map(|word| format!(" {word}").into()));
    let mut select = db.prepare_cached(&sql)?;
    let people = select.query_map(rusqlite::params_from_iter(values), person)?;
    Ok(people.collect::<Result<_, _>>()?)
}

/// Behind everything that begins with the word.
fn after(word: &str) -> String {
    format!("{word}\u{10FFFF}")
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person { name: row.get(0)?, address: row.get(1)?, is_written_to: row.get::<_, i64>(2)? > 0 })
}

/// Counts the people that a message names, who are the senders of what was received, and all to whom something was written.
pub(super) fn count_people(
    db: &Connection,
    key: MessageKey,
    senders: &[Address],
    addressees: &[Address],
) -> Result<(), Error> {
    let mut select = db.prepare_cached(
        "SELECT mailbox.role, message.date, message.uid IS NULL FROM message JOIN mailbox ON mailbox.id = message.mailbox
         WHERE message.key = ?1",
    )?;
    let row = select.query_row([key.0], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
    let Some((role, date, is_of_here)) = row.optional()? else { return Ok(()) };
    let role: Role = role.parse().unwrap_or_default();
    let people: Vec<&Address> = match role {
        // Who is written to is not settled; and who sends junk is not to be offered.
        Role::Drafts | Role::Junk => return Ok(()),
        role if is_of_here && role.is_outgoing() => addressees.iter().collect(),
        _ => senders.iter().chain(addressees).collect(),
    };
    let is_written = is_of_here && role.is_outgoing();
    people.into_iter().try_for_each(|address| count_one(db, address, date, is_written))
}

fn count_one(db: &Connection, person: &Address, date: i64, is_written: bool) -> Result<(), Error> {
    let address = person.shown_addr().to_lowercase();
    if address.len() > MAX_ADDRESS_BYTES || !address.contains('@') || is_own(db, &address)? {
        return Ok(());
    }
    let mut select = db.prepare_cached("SELECT id, name, seen, written, last_at FROM contact WHERE address = ?1")?;
    let known = select.query_row([&address], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?, row.get(4)?))
    });
    let known = known.optional()?;
    let (id, old_name, seen, written, last_at) = match known {
        Some((id, name, seen, written, last_at)) => (Some(id), name, seen, written, last_at),
        None => (None, String::new(), 0, 0, i64::MIN),
    };
    let new_name = person.shown_name();
    // The last one is the best one: people marry, and correct themselves.
    let is_better = !new_name.is_empty() && (old_name.is_empty() || date > last_at);
    let name = if is_better { new_name } else { old_name.clone() };
    let (seen, written) = (seen + i64::from(!is_written), written + i64::from(is_written));
    let last_at = last_at.max(date);
    let weight = weight(seen, written, last_at);
    let words = words(&name, &address);
    let spelt: String = words.iter().map(|word| format!(" {word}")).collect();
    let id = match id {
        Some(id) => {
            db.prepare_cached(
                "UPDATE contact SET name = ?2, words = ?3, seen = ?4, written = ?5, last_at = ?6, weight = ?7 WHERE id = ?1",
            )?
            .execute(params![id, name, spelt, seen, written, last_at, weight])?;
            id
        }
        None => {
            db.prepare_cached(
                "INSERT INTO contact (address, name, words, seen, written, last_at, weight)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![address, name, spelt, seen, written, last_at, weight])?;
            db.last_insert_rowid()
        }
    };
    if known_words_hold(&name, &old_name, seen + written) {
        return Ok(());
    }
    db.prepare_cached("DELETE FROM contact_word WHERE contact = ?1")?.execute([id])?;
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO contact_word (word, contact) VALUES (?1, ?2)")?;
    words.iter().try_for_each(|word| insert.execute(params![word, id]).map(drop))?;
    Ok(())
}

/// Whether the words of a contact are those that it had when it was last counted.
fn known_words_hold(name: &str, old_name: &str, counted: i64) -> bool {
    counted > 1 && name == old_name
}

fn is_own(db: &Connection, address: &str) -> Result<bool, Error> {
    Ok(db.prepare_cached("SELECT 1 FROM account WHERE lower(trim(address)) = ?1")?.exists([address])?)
}

fn words(name: &str, address: &str) -> Vec<String> {
    let mut words = Vec::new();
    for mut word in plain_words(name).into_iter().chain(plain_words(address)) {
        word.truncate(word.floor_char_boundary(MAX_WORD_BYTES));
        if !words.contains(&word) && words.len() < MAX_WORDS {
            words.push(word);
        }
    }
    words
}

/// What is written counts before what is received, and that before how long ago it was (in days).
fn weight(seen: i64, written: i64, last_at: i64) -> i64 {
    const MOST: i64 = 0xFFFF;
    let days = (last_at / 86_400).clamp(0, MOST);
    (written.min(MOST) << 32) + (seen.min(MOST) << 16) + days
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::super::testing::Fixture;
    use super::*;

    fn named(fixture: &Fixture, text: &str) -> Vec<String> {
        let people = block_on(fixture.store.people(text.into(), 8)).unwrap();
        people.iter().map(Person::as_recipient).collect()
    }

    fn count(fixture: &Fixture, name: &str, addr: &str, date: i64, is_written: bool) {
        let address = Address { name: name.into(), addr: addr.into() };
        block_on(fixture.store.write(move |db| count_one(db, &address, date, is_written))).unwrap();
    }

    #[test]
    fn people_are_found_by_the_beginnings_of_their_words() {
        let fixture = Fixture::new();
        count(&fixture, "José Álvarez", "jose@example.net", 10, false);
        count(&fixture, "Duarte, Ana", "ana.duarte@example.org", 10, false);
        count(&fixture, "", "office@example.com", 10, false);
        for (text, expected) in [
            ("jo", vec!["José Álvarez <jose@example.net>"]),
            ("ALV jos", vec!["José Álvarez <jose@example.net>"]),
            ("dua", vec!["\"Duarte, Ana\" <ana.duarte@example.org>"]),
            ("jose@ex", vec!["José Álvarez <jose@example.net>"]),
            ("off", vec!["office@example.com"]),
            ("ose", vec![]),
            ("", vec![]),
            ("!", vec![]),
        ] {
            assert_eq!(named(&fixture, text), expected, "{text}");
        }
    }

    #[test]
    fn those_who_were_written_to_come_first_then_who_writes_most_then_who_wrote_last() {
        let fixture = Fixture::new();
        for (name, times, date, is_written) in
            [("a", 5, 10, false), ("b", 1, 10, true), ("c", 1, 86_400 * 9, false), ("d", 1, 86_400 * 8, false)]
        {
            for _ in 0..times {
                count(&fixture, "", &format!("{name}@example.net"), date, is_written);
            }
        }
        let expected = ["b@example.net", "a@example.net", "c@example.net", "d@example.net"];
        assert_eq!(named(&fixture, "example"), expected);
    }

    #[test]
    fn the_last_name_is_kept_and_found_and_the_one_before_is_not() {
        let fixture = Fixture::new();
        count(&fixture, "Ana Berg", "ana@example.net", 20, false);
        count(&fixture, "Ana Duarte", "ANA@example.net", 30, false);
        count(&fixture, "Ana Alt", "ana@example.net", 10, false);
        count(&fixture, "boss@example.com", "ana@example.net", 40, false);
        assert_eq!(named(&fixture, "duarte"), ["Ana Duarte <ana@example.net>"]);
        assert!(named(&fixture, "berg").is_empty() && named(&fixture, "alt").is_empty());
        assert_eq!(fixture.rows_of("contact"), 1);
    }

    #[test]
    fn ones_own_address_and_what_is_no_address_are_not_kept() {
        let fixture = Fixture::new();
        for address in ["work@example.org", "WORK@example.org ", "undisclosed-recipients", ""] {
            count(&fixture, "Me", address, 10, false);
        }
        assert_eq!(fixture.rows_of("contact"), 0);
    }

    #[test]
    fn among_many_the_beginning_that_many_share_and_the_one_that_few_have_are_both_found() {
        let fixture = Fixture::new();
        let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
                    INSERT INTO contact (id, address, name, words, seen, written, last_at, weight)
                    SELECT i, 'ana' || i || '@example.net', '', ' ana' || i || ' example net', 1, 0, 0, i FROM n;
                    INSERT INTO contact_word (word, contact) SELECT 'ana' || id, id FROM contact;
                    INSERT INTO contact_word (word, contact) SELECT 'example', id FROM contact;";
        block_on(fixture.store.write(|db| Ok(db.execute_batch(fill)?))).unwrap();
        count(&fixture, "Zoe", "zoe@example.com", 10, false);
        assert_eq!(named(&fixture, "z"), ["Zoe <zoe@example.com>"]);
        assert_eq!(named(&fixture, "ana").first().unwrap(), "ana3000@example.net");
        assert_eq!(named(&fixture, "exam ana1234"), ["ana1234@example.net"]);
        assert_eq!(named(&fixture, "a").len(), 8);
    }
}
