//! What of an order's legal basis a subscriber may be told: an article of a text that is law by its title, and nothing
//! else. The notice speaks for the state; whatever else an officer writes there, or whoever has the officer's
//! certificate, is not said in its name.

use super::precedence::Basis;

/// Characters of an article at most.
const LONGEST: usize = 40;
/// Digits in a row at most, in whichever writing: no telephone number.
const MOST_DIGITS: usize = 4;

/// Whether an article is a title and a place in it, and no more.
pub fn is_plain(article: &str) -> bool {
    let place = article.find(['§', '第']).unwrap_or(article.len());
    let (title, place) = article.split_at(place);
    article.chars().count() <= LONGEST
        && Basis::of(&[article.to_owned()]) != Basis::Notice
        && is_title(title)
        && is_place(place)
        && !has_long_number(article)
}

/// Letters and spaces, as a whole within marks or without.
fn is_title(text: &str) -> bool {
    let text = text.trim_matches(' ');
    let bare = text.strip_prefix('《').and_then(|text| text.strip_suffix('》')).unwrap_or(text);
    bare.chars().any(char::is_alphabetic) && bare.chars().all(|c| c.is_alphabetic() || c == ' ')
}

/// `§32`, `第三十二条第二款`, or nothing.
fn is_place(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '§' | '第' | '条' | '款' | '项' | '号' | '之' | '百' | '千' | '十' | ' ') || is_digit(c)
    })
}

fn is_digit(c: char) -> bool {
    c.is_numeric() || "零一二三四五六七八九两幺壹贰叁肆伍陆柒捌玖".contains(c)
}

/// Spaces do not make two numbers of one.
fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    text.chars().filter(|c| *c != ' ').any(|c| {
        run = if is_digit(c) { run + 1 } else { 0 };
        run > MOST_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn law_is_told_and_nothing_else_is() {
        for article in [
            "反电信网络诈骗法§32",
            "反电信网络诈骗法 § 32",
            "《中华人民共和国反电信网络诈骗法》第三十二条",
            "《中华人民共和国反电信网络诈骗法》第三十二条第二款第一项",
            "中华人民共和国刑法第二百八十七条之二",
            "中华人民共和国民法典合同编办法第一千二百五十四条",
            "中华人民共和国电信条例第五十六条",
            "《电话用户真实身份信息登记规定》",
            "工业和信息化部令第25号",
            "互联网信息服务管理办法§15",
            "Anti Fraud Law §32",
        ] {
            assert!(is_plain(article), "{article}");
        }
        for article in [
            "",
            "法律",
            "关于开展专项行动的通知",
            "公刑 2026-17",
            "反电信网络诈骗法§32\n请拨打 13800000001",
            "反电信网络诈骗法§32 请登录 evil.example 申诉",
            "反电信网络诈骗法§32，解封请转账",
            "反电信网络诈骗法§32解封请转账",
            "反电信网络诈骗法§13800000001",
            "反电信网络诈骗法§1380 0000",
            "反电信网络诈骗法第一三八〇〇〇〇条",
            "反电信网络诈骗法第１３８００条",
            "请拨打幺三八零零办理解封否则违法",
            "http://evil.example/法",
            "evil.example 法§1",
            "a@evil 法§1",
            "热线：解封办法",
            "《反电信网络诈骗法§32",
            "《解封》《办法》",
            "反电信网络诈骗法\u{202E}§32",
            "中华人民共和国中华人民共和国中华人民共和国中华人民共和国中华人民共和国反电信网络诈骗法",
            "§32",
        ] {
            assert!(!is_plain(article), "{article}");
        }
    }
}
