//! The closed set of ways in which greenlane says no. `rpc/status.rs` turns a [`Refusal`] into a gRPC status;
//! nothing else does. A refusal never carries a name, an ID number, a phone number or a driver's text.

use std::{fmt, time::Duration};

use super::{
    caller::Caller, decision::Decided, name::ParticipantName, registration::judge::Checked, time::Time,
};

/// A call that was not done, and why, in a form that says what to do next.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The stable code; fixes the gRPC code too.
    pub reason: Reason,
    /// One English sentence that says what to do.
    pub message: String,
    /// Every dynamic value in the message, by key.
    pub metadata: Vec<(&'static str, String)>,
    /// Faults of single fields, all at once.
    pub violations: Vec<Violation>,
    /// When a retry can succeed.
    pub retry_after: Option<Duration>,
    /// The decision behind a gated act that was denied.
    pub decided: Option<Box<Decided>>,
    /// Every check of a registration that was not made.
    pub checks: Box<[Checked]>,
}

/// A fault of one field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// The proto path of the field: `inspection.outlets_breach`.
    pub field: String,
    /// `CODE: what is wrong and what would be right`.
    pub description: String,
}

/// The gRPC code of a reason, without gRPC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Already there.
    AlreadyExists,
    /// The caller's time ran out.
    DeadlineExceeded,
    /// The state of things does not allow it.
    FailedPrecondition,
    /// A fault of ours.
    Internal,
    /// A fault of the request, whatever the state of things.
    InvalidArgument,
    /// No such thing, or not for this caller.
    NotFound,
    /// Past what is kept, or past a limit of size.
    OutOfRange,
    /// Known caller, not allowed.
    PermissionDenied,
    /// Too much at once.
    ResourceExhausted,
    /// Nobody we know.
    Unauthenticated,
    /// Out of reach now; retry.
    Unavailable,
    /// No such method.
    Unimplemented,
}

/// One row of the table below: variant, wire name, kind and the zh-CN sentence.
macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $wire:literal $kind:ident $zh:literal;)*) => {
        /// Stable codes of refusals: the `ErrorReason` enum of `error.proto`, without its prefix.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Reason { $($(#[$doc])* $variant),* }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// The wire name: UPPER_SNAKE, as in `ErrorInfo.reason`.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $wire),* } }
            /// The gRPC code that goes with it.
            pub const fn kind(self) -> Kind { match self { $(Self::$variant => Kind::$kind),* } }
            /// The zh-CN sentence for `LocalizedMessage`.
            pub const fn zh(self) -> &'static str { match self { $(Self::$variant => $zh),* } }
        }
    };
}

reasons! {
    /// The second person of a dual-control act must be another one.
    ApproverIsProposer "APPROVER_IS_PROPOSER" FailedPrecondition "须由另一人批准：提出人不得自行批准。";
    /// The holder would pass the ceiling of blocks for its standing.
    CeilingReached "CEILING_REACHED" FailedPrecondition "已达到该企业当前状态下的号码资源上限，请先退还或改善合规状态。";
    /// The certificate is past its end.
    CertificateExpired "CERTIFICATE_EXPIRED" Unauthenticated "客户端证书已过期，请换发证书后重新连接。";
    /// The certificate was revoked while connected.
    CertificateRevoked "CERTIFICATE_REVOKED" Unauthenticated "客户端证书已被吊销，请联系运营方。";
    /// The call carried no identity.
    ClientCertificateRequired "CLIENT_CERTIFICATE_REQUIRED" Unauthenticated "需要客户端证书，请使用本机构的证书连接。";
    /// The caller's deadline passed; whether the act was done is answered by a retry with the same request_id.
    DeadlineExceeded "DEADLINE_EXCEEDED" DeadlineExceeded "已超过调用方设定的期限，请用相同的 request_id 重试以确认结果。";
    /// Counts of checks cannot be kept, so no check is answered.
    EvidenceUnavailable "EVIDENCE_UNAVAILABLE" Unavailable "查询记录暂时无法保存，因此不作答复，请稍后重试。";
    /// No such fact of that MVNO.
    FactNotFound "FACT_NOT_FOUND" NotFound "没有该名称的事实记录，请先列出后再引用。";
    /// The finding was closed already.
    FindingClosed "FINDING_CLOSED" FailedPrecondition "该问题已经关闭。";
    /// A fault of ours; the log has it under the id in RequestInfo.
    Internal "INTERNAL" Internal "系统内部错误，请凭请求编号联系运营方。";
    /// Fields of the request are wrong; every one is listed.
    InvalidFields "INVALID_FIELDS" InvalidArgument "请求字段有误，请按所列各项修改后重试。";
    /// The licence was revoked already.
    LicenceRevoked "LICENCE_REVOKED" FailedPrecondition "该许可已被撤销。";
    /// Not a message of this method.
    MalformedMessage "MALFORMED_MESSAGE" InvalidArgument "请求内容无法解析，请检查是否使用了正确的接口定义。";
    /// Over the limit of a message.
    MessageTooLarge "MESSAGE_TOO_LARGE" ResourceExhausted "消息超过上限（请求 1 MiB，答复 4 MiB），请拆分后重试。";
    /// No such method on this server.
    MethodUnknown "METHOD_UNKNOWN" Unimplemented "没有该方法，请用 gl list 查看可用的方法。";
    /// No such MVNO, or none that the caller may see.
    MvnoNotFound "MVNO_NOT_FOUND" NotFound "没有该虚拟运营商，请核对名称。";
    /// The question is about a time before the first rule set.
    NoRulesThen "NO_RULES_THEN" FailedPrecondition "所询日期早于首个规则集（2013-07-01）。";
    /// The row belongs to another organisation.
    NotYours "NOT_YOURS" PermissionDenied "所请求的内容属于其他机构，本证书无权查看或操作。";
    /// A lift without a suspension in force.
    NotSuspended "NOT_SUSPENDED" FailedPrecondition "当前没有生效的暂停措施。";
    /// More at once than this caller or this node may have.
    Overloaded "OVERLOADED" ResourceExhausted "请求过多，请稍后重试。";
    /// The page token is not of this list and filter.
    PageTokenMismatch "PAGE_TOKEN_MISMATCH" InvalidArgument "分页标记与查询条件不符，请从第一页重新查询。";
    /// A participant of that name exists.
    ParticipantExists "PARTICIPANT_EXISTS" AlreadyExists "该参与方已存在。";
    /// No such participant.
    ParticipantNotFound "PARTICIPANT_NOT_FOUND" NotFound "没有该参与方，请核对名称。";
    /// The participant is not in the state that this step needs.
    ParticipantState "PARTICIPANT_STATE" FailedPrecondition "该参与方当前状态不允许此操作。";
    /// The caller's organisation is suspended, or waits for its approval.
    ParticipantSuspended "PARTICIPANT_SUSPENDED" PermissionDenied "本机构已被暂停接入或尚待批准，请联系监管部门。";
    /// The block is not allocated, or not to that holder.
    PrefixNotAllocated "PREFIX_NOT_ALLOCATED" FailedPrecondition "该号段未分配，无法退还。";
    /// The block is allocated to somebody.
    PrefixTaken "PREFIX_TAKEN" AlreadyExists "该号段已分配。";
    /// As many rectifications as one finding may have were submitted.
    RectificationsReached "RECTIFICATIONS_REACHED" FailedPrecondition "该问题的整改材料已达上限，请联系监管部门核验。";
    /// The same request_id came with another payload.
    RequestIdReused "REQUEST_ID_REUSED" FailedPrecondition "同一 request_id 已用于不同内容的请求，请更换编号。";
    /// The revision asked for was not reached in time.
    RevisionNotReached "REVISION_NOT_REACHED" Unavailable "尚未达到所要求的版本，请稍后重试。";
    /// None of the caller's roles may call this method.
    RoleMissing "ROLE_MISSING" PermissionDenied "本证书的角色无权调用此方法。";
    /// The standing of the MVNO does not allow the act.
    StandingDenies "STANDING_DENIES" FailedPrecondition "该企业当前合规状态不允许此操作，原因与改进项见详情。";
    /// The database cannot be read or written now.
    StoreUnavailable "STORE_UNAVAILABLE" Unavailable "数据库暂时不可用，操作未执行，请稍后重试。";
    /// The fact was superseded or dismissed already.
    Superseded "SUPERSEDED" FailedPrecondition "该记录已被更正，请引用最新的一条。";
    /// A suspension is in force already.
    AlreadySuspended "ALREADY_SUSPENDED" FailedPrecondition "该企业已处于暂停状态。";
    /// The changes after that revision are no longer kept.
    WatchTooOld "WATCH_TOO_OLD" OutOfRange "所要求的版本早于保留范围，请重新读取全部状态后再订阅。";
    /// More calls than this organisation may make in that time.
    RateLimited "RATE_LIMITED" ResourceExhausted "调用过于频繁，已超过本机构的限额，请在所示时间后重试。";
    /// The person holds as many lines at this operator as one may.
    CardLimitReached "CARD_LIMIT_REACHED" FailedPrecondition "该证件在本企业名下的号码已达上限（全国五张），不得再开新卡。";
    /// The person holds more lines than one may, from before; each is to be verified again first.
    LegacyExcess "LEGACY_EXCESS" FailedPrecondition "该证件名下存量号码超过上限，须先逐一复核。";
    /// The person is under a joint punishment: no new line until it ends.
    JointPunishment "JOINT_PUNISHMENT" FailedPrecondition "该人员处于联合惩戒期内，不得新开号码；如有异议可申诉。";
    /// The number is in none of the caller's blocks.
    NumberNotAllocated "NUMBER_NOT_ALLOCATED" FailedPrecondition "该号码不在本企业已分配的号段内。";
    /// The number has a live line.
    NumberInUse "NUMBER_IN_USE" FailedPrecondition "该号码已在使用中。";
    /// The number has no live line.
    NumberNotInUse "NUMBER_NOT_IN_USE" FailedPrecondition "该号码没有在用的线路。";
    /// The line is another person's.
    HolderMismatch "HOLDER_MISMATCH" FailedPrecondition "该号码登记在他人名下，过户请使用 TRANSFER。";
    /// The identity authority knows name and number otherwise.
    IdentityMismatch "IDENTITY_MISMATCH" FailedPrecondition "姓名与证件号码核验不一致，请核对证件原件。";
    /// Nothing was decided: somebody has to look first, or the identity authority did not answer.
    ReviewNeeded "REVIEW_NEEDED" FailedPrecondition "需人工复核或核验服务暂不可用，未作登记，请稍后重试。";
    /// The outlet, its reader or its person may not take registrations in.
    ChannelRefused "CHANNEL_REFUSED" FailedPrecondition "该网点、读卡器或经办人员目前不得办理登记。";
    /// The assessment of the industry user is not in force.
    AssessmentExpired "ASSESSMENT_EXPIRED" FailedPrecondition "行业用户的安全评估不在有效期内，请重新评估。";
    /// Too many different values were tried on one subject; nothing was asked.
    EnumerationSuspected "ENUMERATION_SUSPECTED" ResourceExhausted "对同一对象尝试了过多不同的信息，已暂停核验，请在所示时间后再试。";
    /// No such registration of the caller's.
    RegistrationNotFound "REGISTRATION_NOT_FOUND" NotFound "没有该登记记录，请核对名称。";
    /// The line is closed, in that state already, or held by a duty that is not done.
    LineStateUnchanged "LINE_STATE_UNCHANGED" FailedPrecondition "线路当前状态不允许此变更：已销户、状态相同或存在未完成的补登记义务。";
    /// The import_id was used with another header.
    ImportIdReused "IMPORT_ID_REUSED" FailedPrecondition "同一 import_id 已用于不同设置的导入，请更换编号。";
    /// No such import of the caller's.
    ImportNotFound "IMPORT_NOT_FOUND" NotFound "没有该导入任务，请核对编号。";
    /// No such channel that the caller may see.
    ChannelNotFound "CHANNEL_NOT_FOUND" NotFound "没有该渠道，请核对名称。";
    /// The channel is not in the state that this step needs.
    ChannelState "CHANNEL_STATE" FailedPrecondition "该渠道当前状态不允许此操作。";
    /// The outlet or the person is on the blacklist of all operators.
    ChannelBlacklisted "CHANNEL_BLACKLISTED" FailedPrecondition "该网点或人员已列入全行业共享的黑名单。";
    /// The reader is bound to another outlet.
    ReaderTaken "READER_TAKEN" AlreadyExists "该读卡器已绑定其他网点。";
    /// No such dispute at the caller.
    DisputeNotFound "DISPUTE_NOT_FOUND" NotFound "没有该异议，请核对名称。";
    /// The dispute was answered already.
    DisputeAnswered "DISPUTE_ANSWERED" FailedPrecondition "该异议已经处理完毕。";
    /// A restriction of that person is in force already.
    AlreadyRestricted "ALREADY_RESTRICTED" FailedPrecondition "该人员已处于惩戒期内。";
    /// No restriction of that person is in force.
    NotRestricted "NOT_RESTRICTED" FailedPrecondition "该人员当前没有生效的惩戒措施。";
    /// The block has live lines; each is ended first.
    BlockInUse "BLOCK_IN_USE" FailedPrecondition "该号段内仍有在用线路，须先逐一销户后方可退还。";
    /// The reader is not bound to that outlet.
    ReaderNotBound "READER_NOT_BOUND" FailedPrecondition "该读卡器未绑定该网点，请先查询网点的读卡器。";
    /// The appeal was decided already.
    AppealDecided "APPEAL_DECIDED" FailedPrecondition "该申诉已经作出决定。";
    /// No such appeal, or no number with that code, that the caller may see.
    AppealNotFound "APPEAL_NOT_FOUND" NotFound "没有该申诉，或申诉码有误，请核对短信中的申诉码。";
    /// No such command in the caller's sequence.
    CommandNotFound "COMMAND_NOT_FOUND" NotFound "本机构的指令序列中没有该指令。";
    /// The confirm_code is not that of the plan.
    ConfirmCodeMismatch "CONFIRM_CODE_MISMATCH" FailedPrecondition "确认码与方案不符，请重新查看方案后再下达。";
    /// Commands after that sequence are no longer kept; start again from ListCommandedNumbers.
    CursorTooOld "CURSOR_TOO_OLD" OutOfRange "该序号之后的指令已不再保留，请先获取号码现状清单后再继续。";
    /// No such order that the caller may see.
    OrderNotFound "ORDER_NOT_FOUND" NotFound "没有该关停指令，或无权查看。";
    /// The order_number was used for another order; its name is told.
    OrderNumberReused "ORDER_NUMBER_REUSED" AlreadyExists "该文号已用于另一份指令，请核对文号或查看原指令。";
    /// The order is not in the state that this step needs.
    OrderState "ORDER_STATE" FailedPrecondition "该指令当前状态不允许此操作。";
    /// The plan is past its 30 minutes; plan again.
    PlanExpired "PLAN_EXPIRED" FailedPrecondition "方案已超过三十分钟有效期，请重新制定方案。";
    /// The plan_sha256 is not that of the order: read the plan, and approve what it says.
    PlanHashMismatch "PLAN_HASH_MISMATCH" FailedPrecondition "方案摘要与指令不符，请核对方案内容后再批准。";
    /// No such plan of the caller's organisation.
    PlanNotFound "PLAN_NOT_FOUND" NotFound "没有该方案，或不属于本机构。";
    /// What the plan said of its numbers is no longer so; plan again.
    PlanStale "PLAN_STALE" FailedPrecondition "方案制定后情况已有变化，请重新制定方案。";
    /// A newer session of the same receiver took over, or this one ended; pull or open again.
    SessionFenced "SESSION_FENCED" FailedPrecondition "该会话已被新的会话取代或已结束，请重新连接。";
    /// Above what one officer may do without a second one.
    ShutdownLimit "SHUTDOWN_LIMIT" FailedPrecondition "超过单人可下达的上限，须由第二名人员批准。";
}

// === impl Refusal ===

impl Refusal {
    /// A refusal with a message and no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: Vec::new(),
            violations: Vec::new(),
            retry_after: None,
            decided: None,
            checks: Box::default(),
        }
    }

    /// Adds a dynamic value of the message.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    /// Says when to retry.
    #[must_use]
    pub fn retry(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The refusal for faulty fields.
    pub fn fields(violations: Vec<Violation>) -> Self {
        let first = violations.first().map_or("", |v| v.field.as_str()).to_owned();
        let message = match violations.len() {
            1 => format!("Field {first} is wrong; see the violation."),
            n => format!("{n} fields are wrong; see every violation, the first is {first}."),
        };
        Self { violations, ..Self::new(Reason::InvalidFields, message) }
    }

    /// The refusal for one faulty field.
    pub fn field(field: impl Into<String>, code: &str, text: impl fmt::Display) -> Self {
        Self::fields(vec![Violation::new(field, code, text)])
    }

    /// The database is out of reach; nothing was done.
    pub fn store_unavailable() -> Self {
        Self::new(Reason::StoreUnavailable, "The database cannot be used right now; nothing was done. Retry.")
            .retry(Duration::from_secs(1))
    }

    /// The MVNO's standing does not allow the act; the decision goes along.
    pub fn standing_denies(mvno: &ParticipantName, decided: Decided) -> Self {
        let (action, standing, decision) = (decided.action, decided.standing, decided.decision);
        let message =
            format!("{mvno} is {standing}: {action} is {decision}. The reasons and remedies are listed.");
        let refusal = Self::new(Reason::StandingDenies, message)
            .with("mvno", mvno)
            .with("action", action)
            .with("standing", standing)
            .with("decision", decision);
        Self { decided: Some(Box::new(decided)), ..refusal }
    }

    /// A call of an organisation that is suspended, or waits for its approval.
    pub fn takes_no_part(caller: &Caller) -> Self {
        let message =
            format!("{} is suspended here, or not approved yet; ask the regulator.", caller.organisation);
        Self::new(Reason::ParticipantSuspended, message).with("caller", caller)
    }

    /// A question about a day before there were rules.
    pub fn no_rules_then(as_of: Time) -> Self {
        Self::new(
            Reason::NoRulesThen,
            format!("No rule set was in force at {as_of}; ask about 2013-07-01 or later."),
        )
        .with("as_of_time", as_of)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.as_str(), self.message)
    }
}

impl std::error::Error for Refusal {}

// === impl Violation ===

impl Violation {
    /// A violation whose description starts with its code.
    pub fn new(field: impl Into<String>, code: &str, text: impl fmt::Display) -> Self {
        Self { field: field.into(), description: format!("{code}: {text}") }
    }
}
