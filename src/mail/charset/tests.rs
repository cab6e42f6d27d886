use super::*;

#[track_caller]
fn check(bytes: &[u8], label: Option<&str>, text: &str) {
    assert_eq!(decode(bytes, label), text, "{label:?}");
}

#[test]
fn each_legacy_charset_is_read_under_the_names_mail_gives_it() {
    check(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("KOI8-R"), "Привет");
    check(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("CP-1251"), "Привет");
    check(b"\xcf\xf0\xe8\xe2\xe5\xf2", Some("win-1251"), "Привет");
    check(b"\xc4\xe3\xba\xc3", Some("GB2312"), "你好");
    check(b"\xa7A\xa6n", Some("big5"), "你好");
    check(b"\xbe\xc8\xb3\xe7", Some("ks_c_5601-1987"), "안녕");
    check(b"\x1b$B%O%m!<\x1b(B", Some("iso-2022-jp"), "ハロー");
    check(b"\x83n\x83\x8D\x81[", Some("cp932"), "ハロー");
    check(b"~{Dc:C~} ~~", Some("hz-gb-2312"), "你好 ~");
    check(b"\x1b$)C\x0e>H3g\x0f!", Some("iso-2022-kr"), "안녕!");
    check(b"caf\xe9 \x80", Some("ISO_8859-1:1987"), "café €");
    check(b"\xa4", Some("iso-8859-15"), "€");
    check(b"H\0i\0", Some("utf-16le"), "Hi");
    check(b"+ZYeB9FH6-", Some("utf-7"), "文致出");
}

#[test]
fn a_wrong_or_missing_label_leads_to_a_guess() {
    check("Grüße".as_bytes(), None, "Grüße");
    check("Grüße".as_bytes(), Some("us-ascii"), "Grüße");
    check("Grüße".as_bytes(), Some("iso-8859-1"), "Grüße");
    check("Grüße".as_bytes(), Some("x-unknown"), "Grüße");
    check(b"Gr\xfc\xdfe", None, "Grüße");
    check(b"Gr\xfc\xdfe", Some("utf-8"), "Grüße");
    check(b"\x1b$B%O%m!<\x1b(B", None, "ハロー");
    check("\u{FEFF}mark".as_bytes(), Some("utf-8"), "mark");
    check("a→\u{FFFD}".as_bytes().split_last().unwrap().1, Some("utf-8"), "a→\u{FFFD}");
}

#[test]
fn no_octets_and_no_label_bring_a_decoder_down() {
    for label in
        ["gbk", "big5", "euc-kr", "euc-jp", "shift_jis", "iso-2022-jp", "utf-7", "utf-16", "hz-gb-2312", "koi8-r"]
    {
        for first in 0..=255u8 {
            for second in [0, 0x1B, b'~', 0x80, 0xFF] {
                let text = decode(&[first, second], Some(label));
                assert!(text.len() <= 12, "{label} {first} {second}");
            }
        }
    }
}

/// Sentences as people write them, in the octets that another implementation made of them: label, whether they are to be
/// found without it, octets, text.
fn samples() -> Vec<(&'static str, bool, Vec<u8>, &'static str)> {
    let lines = include_str!("../../../tests/data/charsets.tsv").lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [label, guessed, octets, text] = fields.as_slice() else { panic!("{line}") };
            (*label, *guessed == "yes", crate::mail::transfer::base64(octets.as_bytes()), *text)
        })
        .collect()
}

#[test]
fn sentences_in_forty_charsets_are_read_under_their_labels() {
    assert!(samples().len() > 40);
    for (label, _, octets, text) in samples() {
        assert_eq!(decode(&octets, Some(label)), text, "{label}");
        assert_eq!(decode(&octets, Some(&label.to_uppercase())), text, "{label}");
    }
}

#[test]
fn without_a_label_or_under_a_wrong_one_most_are_found_all_the_same() {
    for (label, is_guessed, octets, text) in samples().into_iter().filter(|(_, is_guessed, ..)| *is_guessed) {
        assert!(is_guessed);
        assert_eq!(decode(&octets, None), text, "{label}");
        assert_eq!(decode(&octets, Some("us-ascii")), text, "{label} as ASCII");
        assert_eq!(decode(&octets, Some("x-unknown")), text, "{label} as unknown");
        assert_eq!(decode(&octets, Some("utf-8")), text, "{label} as UTF-8");
    }
}

#[test]
fn what_is_called_western_is_western_unless_it_cannot_be() {
    let is_beyond =
        |label: &&str| ["windows-1251", "koi8-r", "gbk", "big5", "shift_jis", "euc-kr", "windows-1253"].contains(label);
    for (label, _, octets, text) in samples().into_iter().filter(|(label, ..)| is_beyond(label)) {
        assert_eq!(decode(&octets, Some("iso-8859-1")), text, "{label}");
    }
    for (_, _, octets, text) in
        samples().into_iter().filter(|(label, ..)| ["iso-8859-1", "windows-1252"].contains(label))
    {
        assert_eq!(decode(&octets, Some("iso-8859-1")), text);
    }
    check(b"\xc4\xd6\xdc", Some("iso-8859-1"), "ÄÖÜ");
    check(b"Sm\xf8rrebr\xf8d p\xe5 \xd8rsted", Some("windows-1252"), "Smørrebrød på Ørsted");
}

#[test]
fn a_person_is_taken_at_their_word() {
    let russian = "Привет".as_bytes();
    assert_eq!(decode_as(russian, "utf-8"), "Привет");
    assert!(decode_as(russian, "windows-1252").starts_with('Ð'));
    for (words, label) in CHOICES {
        assert!(!words.is_empty() && !decode_as(b"Text \xe9\xe8", label).is_empty(), "{label}");
    }
}

#[test]
fn names_of_the_webs_list_are_known() {
    for label in [
        "l1",
        "csisolatin2",
        "asmo-708",
        "greek",
        "visual",
        "dos-874",
        "x-cp1250",
        "x-sjis",
        "csgb2312",
        "big5-hkscs",
        "sun_eu_greek",
        "unicode",
        "x-x-big5",
    ] {
        assert!(alias(&normal_label(label)).is_some() || of_web(label).is_some(), "{label}");
    }
}
