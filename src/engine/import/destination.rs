//! Where mail of a folder of another program goes: by the folder's name, in the languages and spellings that there are.

use crate::store::types::Role;

/// The mailbox, and below it the folder's own path where it is none of those that every account has.
///
/// What is none of these goes into a mailbox of that path. Drafts go to Archive: what lies in Drafts here can be finished and sent, which takes more than
/// the octets of a message. What waits to be sent elsewhere must not be sent from here by itself, and goes there as well.
pub fn destination(folder: &[String]) -> (Role, Option<String>) {
    let Some(last) = folder.last() else { return (Role::Inbox, None) };
    if let Some(role) = role_of(last) {
        return (role, None);
    }
    let own: Vec<&str> =
        folder.iter().map(String::as_str).skip_while(|name| role_of(name) == Some(Role::Inbox)).collect();
    let role = own.first().and_then(|first| role_of(first)).unwrap_or(Role::Archive);
    (role, Some(own.join("/")))
}

fn role_of(name: &str) -> Option<Role> {
    let name = name.trim().to_lowercase().replace(['-', '_'], " ");
    NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(role, _)| *role)
}

const NAMES: [(Role, &[&str]); 5] = [
    (
        Role::Inbox,
        &[
            "inbox",
            "posteingang",
            "eingang",
            "boîte de réception",
            "courrier entrant",
            "bandeja de entrada",
            "entrada",
            "posta in arrivo",
            "in arrivo",
            "caixa de entrada",
            "postvak in",
            "inkorg",
            "indbakke",
            "innboks",
            "saapuneet",
            "odebrane",
            "skrzynka odbiorcza",
            "doručená pošta",
            "входящие",
            "вхідні",
            "受信トレイ",
            "收件箱",
            "收件匣",
            "받은 편지함",
            "gelen kutusu",
        ],
    ),
    (
        Role::Sent,
        &[
            "sent",
            "sent mail",
            "sent items",
            "sent messages",
            "gesendet",
            "gesendete objekte",
            "gesendete elemente",
            "gesendete nachrichten",
            "postausgang gesendet",
            "envoyés",
            "éléments envoyés",
            "messages envoyés",
            "enviados",
            "elementos enviados",
            "itens enviados",
            "posta inviata",
            "inviata",
            "inviati",
            "verzonden",
            "verzonden items",
            "skickat",
            "sendt",
            "sendte",
            "lähetetyt",
            "wysłane",
            "odeslaná pošta",
            "odeslané",
            "отправленные",
            "надіслані",
            "送信済み",
            "送信済みトレイ",
            "已发送",
            "寄件備份",
            "보낸 편지함",
            "gönderilmiş",
        ],
    ),
    (
        Role::Archive,
        &[
            "archive",
            "archives",
            "archived",
            "archiv",
            "archivo",
            "archivio",
            "archief",
            "arquivo",
            "arquivos",
            "arkiv",
            "arkisto",
            "archiwum",
            "архив",
            "архів",
            "アーカイブ",
            "归档",
            "封存",
            "보관함",
            "arşiv",
            "drafts",
            "draft",
            "entwürfe",
            "brouillons",
            "borradores",
            "bozze",
            "rascunhos",
            "concepten",
            "utkast",
            "kladder",
            "luonnokset",
            "szkice",
            "koncepty",
            "черновики",
            "чернетки",
            "下書き",
            "草稿",
            "임시 보관함",
            "taslaklar",
            "templates",
            "vorlagen",
            "outbox",
            "queue",
            "unsent messages",
            "unsent",
            "postausgang",
        ],
    ),
    (
        Role::Junk,
        &[
            "junk",
            "spam",
            "junk mail",
            "junk e mail",
            "bulk mail",
            "bulk",
            "spamverdacht",
            "unerwünscht",
            "pourriel",
            "indésirables",
            "courrier indésirable",
            "correo no deseado",
            "no deseado",
            "posta indesiderata",
            "indesiderata",
            "lixo eletrônico",
            "lixo eletrónico",
            "ongewenst",
            "ongewenste e mail",
            "skräppost",
            "uønsket",
            "søppelpost",
            "roskaposti",
            "wiadomości śmieci",
            "nevyžádaná pošta",
            "спам",
            "迷惑メール",
            "垃圾邮件",
            "垃圾郵件",
            "스팸",
            "önemsiz",
        ],
    ),
    (
        Role::Trash,
        &[
            "trash",
            "deleted",
            "deleted items",
            "deleted messages",
            "bin",
            "rubbish",
            "papierkorb",
            "gelöscht",
            "gelöschte objekte",
            "gelöschte elemente",
            "corbeille",
            "éléments supprimés",
            "papelera",
            "eliminados",
            "elementos eliminados",
            "cestino",
            "posta eliminata",
            "lixeira",
            "itens excluídos",
            "lixo",
            "prullenbak",
            "verwijderde items",
            "papperskorgen",
            "papirkurv",
            "søppel",
            "roskakori",
            "kosz",
            "koš",
            "корзина",
            "кошик",
            "ゴミ箱",
            "已删除",
            "垃圾桶",
            "휴지통",
            "çöp kutusu",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_where_their_names_say() {
        let cases: [(&[&str], Role, Option<&str>); 13] = [
            (&[], Role::Inbox, None),
            (&["INBOX"], Role::Inbox, None),
            (&["Posteingang"], Role::Inbox, None),
            (&["INBOX", "Sent"], Role::Sent, None),
            (&["Gesendete_Objekte"], Role::Sent, None),
            (&["Archives", "2024"], Role::Archive, Some("Archives/2024")),
            (&["Junk E-mail"], Role::Junk, None),
            (&["Корзина"], Role::Trash, None),
            (&["Drafts"], Role::Archive, None),
            (&["Unsent Messages"], Role::Archive, None),
            (&["Inbox", "Friends", "Ana"], Role::Archive, Some("Friends/Ana")),
            (&["Work", "Inbox"], Role::Inbox, None),
            (&["Sent", "Old"], Role::Sent, Some("Sent/Old")),
        ];
        for (folder, role, path) in cases {
            let folder: Vec<String> = folder.iter().map(|&name| name.to_owned()).collect();
            assert_eq!(destination(&folder), (role, path.map(str::to_owned)), "{folder:?}");
        }
    }
}
