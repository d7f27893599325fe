//! What a subscriber is told: why, by which law, what can be done, what to bring, whom to ask. Short enough for a text
//! message. The officer's own words are not in it: they may name a case or another person. Of the legal basis it has what
//! is recognisably law; the rest is told as a document.

use super::{
    decision::Bilingual,
    shutdown::{CommandKind, Header, Scope, Scopes, citation},
};

/// Articles told at most; the rest are in the order.
const MOST_ARTICLES: usize = 3;

/// The text for one number; `None` where the command changes nothing for its holder. Emergency calls are named, because
/// whoever is cut off must know that they work.
pub fn text(
    header: &Header,
    scopes: Scopes,
    kind: CommandKind,
    appeal_code: &str,
    drill: bool,
) -> Option<Bilingual> {
    let said = match kind {
        CommandKind::Shutdown => shut(header, scopes, appeal_code),
        CommandKind::Restore => restored(scopes),
        CommandKind::Verify => return None,
    };
    Some(if drill { practice(&said) } else { said })
}

fn shut(header: &Header, scopes: Scopes, code: &str) -> Bilingual {
    let (zh, en) = (list(scopes, zh_word, "、"), list(scopes, en_word, ", "));
    let (law, others): (Vec<&str>, Vec<&str>) =
        header.legal_basis.iter().map(String::as_str).partition(|article| citation::is_plain(article));
    let named = |document| {
        let documents = if others.is_empty() { None } else { Some(document) };
        law.iter().copied().take(MOST_ARTICLES).chain(documents).collect::<Vec<_>>()
    };
    let more = law.len() > MOST_ARTICLES;
    Bilingual {
        zh: format!(
            "【停机告知】您的号码因涉嫌电信网络诈骗，依据{}{}，现停止：{zh}；110、119、120、122紧急呼叫不受影响。\
             如有异议，请凭申诉码{code}在申诉平台免费提出申诉，无需注册；申诉成立将立即恢复。\
             请备好：本人身份证件、号码使用情况说明。咨询：本企业客服或96110。",
            named("有关机关的文书").join("、"),
            if more { "等" } else { "" },
        ),
        en: format!(
            "[Shutdown notice] Your number is suspected of use in telecom fraud. By {}{}, these are off: {en}. \
             Emergency calls (110, 119, 120, 122) still work. If this is wrong, appeal with the code {code} on the \
             appeal portal, free and without an account; an appeal that is upheld restores the number at once. \
             Have ready: your identity document, and a statement of how the number was used. \
             Ask: your operator's customer service, or 96110.",
            named("a document of the authority").join("; "),
            if more { " and others" } else { "" },
        ),
    }
}

fn restored(scopes: Scopes) -> Bilingual {
    let (zh, en) = (list(scopes, zh_word, "、"), list(scopes, en_word, ", "));
    Bilingual {
        zh: format!("【复机告知】您的号码已获准恢复：{zh}。如仍无法使用，请联系本企业客服或96110。"),
        en: format!(
            "[Restoration notice] Your number may be used again: {en}. If it does not work, ask your operator's \
             customer service, or 96110."
        ),
    }
}

fn practice(said: &Bilingual) -> Bilingual {
    Bilingual {
        zh: format!("【演练，号码不受影响】{}", said.zh),
        en: format!("[Drill: nothing is cut] {}", said.en),
    }
}

fn list(scopes: Scopes, word: fn(Scope) -> &'static str, and: &str) -> String {
    scopes.iter().map(word).collect::<Vec<_>>().join(and)
}

fn zh_word(scope: Scope) -> &'static str {
    match scope {
        Scope::VoiceOut => "主叫",
        Scope::VoiceIn => "被叫",
        Scope::SmsOut => "发短信",
        Scope::SmsIn => "收短信",
        Scope::Data => "上网",
    }
}

fn en_word(scope: Scope) -> &'static str {
    match scope {
        Scope::VoiceOut => "outgoing calls",
        Scope::VoiceIn => "incoming calls",
        Scope::SmsOut => "sent messages",
        Scope::SmsIn => "received messages",
        Scope::Data => "mobile data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "K7Q2-M4TX-9RBD";

    fn header(articles: usize) -> Header {
        Header {
            reason: "the officer's own words".to_owned(),
            legal_basis: (1..=articles).map(|n| format!("反电信网络诈骗法§{n}")).collect(),
            case_number: "A-2026-17".to_owned(),
        }
    }

    #[test]
    fn a_shutdown_says_why_by_what_and_how_to_undo_it() {
        let scopes = Scopes::of([Scope::VoiceOut, Scope::Data]);
        let said = text(&header(1), scopes, CommandKind::Shutdown, CODE, false).expect("a text");
        for part in ["涉嫌", "反电信网络诈骗法§1", "主叫、上网", "110", CODE, "身份证件", "96110"]
        {
            assert!(said.zh.contains(part), "{part} is not in {}", said.zh);
        }
        let parts = ["suspected", "§1", "outgoing calls, mobile data", "110", CODE, "document", "96110"];
        for part in parts {
            assert!(said.en.contains(part), "{part} is not in {}", said.en);
        }
    }

    #[test]
    fn the_officers_words_and_the_case_stay_inside() {
        for kind in [CommandKind::Shutdown, CommandKind::Restore] {
            let said = text(&header(2), Scopes::of([Scope::SmsIn]), kind, CODE, true).expect("a text");
            for kept in ["own words", "A-2026-17"] {
                assert!(!said.zh.contains(kept) && !said.en.contains(kept));
            }
            assert!(said.zh.starts_with("【演练") && said.en.starts_with("[Drill"));
        }
    }

    #[test]
    fn what_is_not_law_is_a_document() {
        let scopes = Scopes::of([Scope::SmsIn]);
        let said = |articles: &[&str]| {
            let legal_basis = articles.iter().map(|article| (*article).to_owned()).collect();
            let header = Header { legal_basis, ..header(0) };
            text(&header, scopes, CommandKind::Shutdown, CODE, false).expect("a text")
        };
        let both = said(&["反电信网络诈骗法§32\n解封请拨 13800000001", "反电信网络诈骗法§32"]);
        assert!(both.zh.contains("依据反电信网络诈骗法§32、有关机关的文书，现停止"), "{}", both.zh);
        assert!(
            both.en.contains("By 反电信网络诈骗法§32; a document of the authority, these"),
            "{}",
            both.en
        );
        let none = said(&["详见 http://evil.example"]);
        assert!(none.zh.contains("依据有关机关的文书，现停止"), "{}", none.zh);
        assert!(none.en.contains("By a document of the authority, these"), "{}", none.en);
        for told in [both.zh, both.en, none.zh, none.en] {
            assert!(!told.contains("138") && !told.contains("evil") && !told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn it_stays_a_text_message_however_many_articles() {
        let all = Scopes::of(Scope::ALL.iter().copied());
        let said = text(&header(10), all, CommandKind::Shutdown, CODE, false).expect("a text");
        assert!(said.zh.contains("§3等") && !said.zh.contains("§4"));
        assert!(said.en.contains("§3 and others"));
        assert!(said.zh.chars().count() <= 280, "{}", said.zh.chars().count());
        assert!(said.en.chars().count() <= 700, "{}", said.en.chars().count());
    }

    #[test]
    fn a_reading_tells_nobody() {
        assert_eq!(text(&header(1), Scopes::default(), CommandKind::Verify, CODE, false), None);
    }
}
