//! Why a check did not pass, in both languages and with the law, as answers have it.

use crate::domain::{
    fault::{Code, Fault},
    standing::Ground,
};

const ORDER_25: &str =
    "工业和信息化部令第25号《电话用户真实身份信息登记规定》 (Order 25: real-name registration)";
const FRAUD_9: &str = "《反电信网络诈骗法》第九条 (anti-fraud law, art. 9: agents)";
const CAPTURE: &str =
    "工业和信息化部2016年5月24日关于电话用户实名登记的通知 (MIIT notice of 2016-05-24: no typed data)";

/// The reason behind a fault.
pub fn ground(fault: Fault) -> Ground {
    let (law, zh) = said(fault.code);
    Ground {
        code: fault.code.as_str(),
        law: law.to_owned(),
        zh: zh.to_owned(),
        en: fault.text.to_owned(),
        fact: String::new(),
        threshold: String::new(),
    }
}

fn said(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::BadChecksum => (ORDER_25, "证件号码校验位不符，请重新读取证件。"),
        Code::BadLength | Code::TooLong => (ORDER_25, "内容长度不符合该类证件的要求。"),
        Code::BadChar => (ORDER_25, "含有该项不允许的字符。"),
        Code::BadRegion => (ORDER_25, "证件号码前六位不是有效的行政区划。"),
        Code::BadBirthdate | Code::BirthdateMismatch => (ORDER_25, "出生日期无效或与证件号码不一致。"),
        Code::SexMismatch => (ORDER_25, "性别与证件号码不一致。"),
        Code::BadNationality => (ORDER_25, "国籍代码与该类证件不符。"),
        Code::TypeMismatch => (ORDER_25, "号码属于另一类证件。"),
        Code::ObsoleteForm => (ORDER_25, "十五位号码的旧证件已停止使用，请出示有效证件。"),
        Code::Expired => (ORDER_25, "证件已过有效期。"),
        Code::NotYetValid | Code::BadDate | Code::BadTerm => (ORDER_25, "证件有效期不正确。"),
        Code::IdentityMismatch => (ORDER_25, "姓名与证件号码核验不一致。"),
        Code::AuthorityUnavailable => (ORDER_25, "身份核验服务暂不可用，未作判断，请稍后重试。"),
        Code::CaptureForbidden | Code::ReaderRequired | Code::LiveVideoRequired => {
            (CAPTURE, "该证件不得以此方式录入，须使用读卡器、在线核验或实时视频。")
        }
        Code::PhotoRequired => (CAPTURE, "须现场拍摄办理人照片。"),
        Code::OwnHallRequired => (CAPTURE, "须在企业自有营业厅办理。"),
        Code::ReaderNotBound | Code::ReaderOfAnother => (FRAUD_9, "该读卡器未绑定本网点。"),
        Code::ChannelUnknown => (FRAUD_9, "没有该网点的授权记录。"),
        Code::ChannelSuspended => (FRAUD_9, "该网点已被暂停。"),
        Code::ChannelBlacklisted => (FRAUD_9, "该网点已列入全行业共享的黑名单。"),
        Code::PersonBlacklisted => (FRAUD_9, "该经办人员已列入全行业共享的黑名单。"),
        Code::PersonNotOfChannel => (FRAUD_9, "该经办人员未在本网点备案。"),
        Code::AgreementExpired => (FRAUD_9, "与该网点的协议已到期。"),
        Code::TrainingMissing => (FRAUD_9, "该网点人员尚未完成培训。"),
        _ => (ORDER_25, "核验未通过，请核对证件原件。"),
    }
}
