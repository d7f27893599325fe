//! The table: what is shown, and the word with which it must be refused.

use std::collections::BTreeMap;

use greenlane::domain::caller::Class;
use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose as Eku, KeyPair,
    KeyUsagePurpose as Ku, SanType, SerialNumber, date_time_ymd,
};

use crate::{
    der,
    forge::{Ca, REVOKED, ca_params, followed, good, mvno, named, named_raw, uri, with},
    world::{DOMAIN, Faults, Pki, Shown},
};

/// One bad certificate.
pub struct Case {
    pub name: &'static str,
    pub word: &'static str,
    pub shown: Shown,
}

/// The CAs that the cases need, and the faults of the material that they rely on.
pub struct Stage {
    mvno: Ca,
    trusted: BTreeMap<Class, Ca>,
    /// Below the MVNO anchor, with lists.
    middle: Ca,
    deep: Ca,
    fenced: Ca,
    /// Below it too, revoked.
    fallen: Ca,
    /// Below it too, with a list, but without the right to sign certificates.
    mute: Ca,
    /// Below it too, without a list of its own.
    listless: Ca,
}

// === impl Stage ===

impl Stage {
    pub fn new(pki: &Pki) -> (Self, Faults) {
        let trusted: BTreeMap<Class, Ca> =
            Class::ALL.into_iter().map(|class| (class, Ca::of(pki, class))).collect();
        let root = Ca::of(pki, Class::Mvno);
        let middle = root.below(ca_params("middle", Some(0)));
        let deep = middle.below(ca_params("deep", None));
        let mut fence = ca_params("fenced", None);
        // A constraint on URIs: [6].
        let subtree = der::tlv(0x30, &der::tlv(0x86, DOMAIN.as_bytes()));
        let content = der::tlv(0x30, &der::tlv(0xa0, &subtree));
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 30], content);
        extension.set_criticality(true);
        fence.custom_extensions = vec![extension];
        let fenced = root.below(fence);
        let mut fallen = ca_params("fallen", None);
        fallen.serial_number = Some(SerialNumber::from_slice(&REVOKED));
        let fallen = root.below(fallen);
        let mut mute = ca_params("mute", None);
        mute.key_usages = vec![Ku::CrlSign];
        let mute = root.below(mute);
        let listless = root.below(ca_params("listless", None));
        let revoked: String = REVOKED.iter().map(|byte| format!("{byte:02x}")).collect();
        let faults = Faults {
            revoked: vec![(Class::Mvno, revoked)],
            stale: vec![Class::Auditor],
            no_list: vec![Class::Portal],
            no_anchor: vec![Class::Operator],
            more_lists: [&middle, &deep, &fenced, &fallen, &mute].map(|ca| ca.list(&[])).to_vec(),
        };
        (Self { mvno: root, trusted, middle, deep, fenced, fallen, mute, listless }, faults)
    }

    pub fn cases(&self) -> Vec<Case> {
        let mut cases = self.chains();
        cases.extend(self.leaves());
        cases.extend(self.names());
        cases.extend(self.bent());
        cases
    }

    /// Who vouches, and until when.
    fn chains(&self) -> Vec<Case> {
        let stranger = Ca::stranger("stranger");
        let key = KeyPair::generate().expect("key");
        let own = mvno().self_signed(&key).expect("leaf").der().clone();
        let issuing_leaf = {
            let params =
                with(|params| params.distinguished_name.push(DnType::CommonName, "leaf that issues"));
            self.mvno.below(params)
        };
        let mut long = vec![self.mvno.below(ca_params("step 0", None))];
        for step in 1..7 {
            let next = long[step - 1].below(ca_params(&format!("step {step}"), None));
            long.push(next);
        }
        let long: Vec<&Ca> = long.iter().rev().collect();
        let another = |shown: Shown| Shown { key: KeyPair::generate().expect("key").into(), ..shown };
        let junk = |mut shown: Shown| {
            shown.chain.insert(0, self.mvno.der.clone());
            shown
        };
        let officer = |class: Class| good(&format!("{class}/x1/officer-1"));
        vec![
            case("self-signed", "UNKNOWN_ISSUER", Shown { chain: vec![own], key: key.into() }),
            case("unknown CA", "UNKNOWN_ISSUER", followed(stranger.leaf(&mvno()), &[&stranger])),
            case("CA with our anchor's name", "BAD_SIGNATURE", self.namesake().leaf(&mvno())),
            case(
                "MVNO anchor, claims regulator",
                "UNKNOWN_ISSUER",
                self.mvno.leaf(&officer(Class::Regulator)),
            ),
            case("MVNO anchor, claims police", "UNKNOWN_ISSUER", self.mvno.leaf(&officer(Class::Police))),
            case("MVNO anchor, claims carrier", "UNKNOWN_ISSUER", self.mvno.leaf(&good("carrier/x1"))),
            case(
                "regulator's anchor, claims MVNO",
                "UNKNOWN_ISSUER",
                self.trusted[&Class::Regulator].leaf(&mvno()),
            ),
            case(
                "class without an anchor",
                "NO_ANCHOR",
                self.trusted[&Class::Operator].leaf(&officer(Class::Operator)),
            ),
            case("expired", "EXPIRED", self.leaf(|params| params.not_after = date_time_ymd(2021, 1, 1))),
            case(
                "not yet valid",
                "NOT_YET_VALID",
                self.leaf(|params| params.not_before = date_time_ymd(2099, 1, 1)),
            ),
            case(
                "ends before it begins",
                "EXPIRED",
                self.leaf(|params| {
                    params.not_before = date_time_ymd(2098, 1, 1);
                    params.not_after = date_time_ymd(2097, 1, 1);
                }),
            ),
            case(
                "revoked",
                "REVOKED",
                self.leaf(|params| {
                    params.serial_number = Some(SerialNumber::from_slice(&REVOKED));
                }),
            ),
            case("revoked intermediate", "REVOKED", followed(self.fallen.leaf(&mvno()), &[&self.fallen])),
            case(
                "list of the class out of date",
                "STALE_CRL",
                self.trusted[&Class::Auditor].leaf(&good("auditor/x1")),
            ),
            case("no list of the class", "NO_CRL", self.trusted[&Class::Portal].leaf(&good("portal/x1"))),
            case(
                "no list of the intermediate",
                "NO_CRL",
                followed(self.listless.leaf(&mvno()), &[&self.listless]),
            ),
            case("intermediate left out", "UNKNOWN_ISSUER", self.middle.leaf(&mvno())),
            case("leaf as issuer", "BAD_CHAIN", followed(issuing_leaf.leaf(&mvno()), &[&issuing_leaf])),
            case("intermediate may not sign", "BAD_CHAIN", followed(self.mute.leaf(&mvno()), &[&self.mute])),
            case(
                "path too long for a CA in it",
                "BAD_CHAIN",
                followed(self.deep.leaf(&mvno()), &[&self.deep, &self.middle]),
            ),
            case("constraint on URIs", "BAD_CHAIN", followed(self.fenced.leaf(&mvno()), &[&self.fenced])),
            case("seven intermediates", "CHAIN_TOO_LONG", followed(long[0].leaf(&mvno()), &long)),
            case("CA first", "CA_AS_LEAF", junk(self.mvno.leaf(&mvno()))),
            case(
                "the CA's own certificate",
                "CA_AS_LEAF",
                Shown { chain: vec![self.mvno.der.clone()], key: KeyPair::generate().expect("key").into() },
            ),
            case("another's certificate, own key", "BAD_SIGNATURE", another(self.mvno.leaf(&mvno()))),
        ]
    }

    /// What a leaf may do.
    fn leaves(&self) -> Vec<Case> {
        let critical = || {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
            extension.set_criticality(true);
            extension
        };
        vec![
            case("CA as leaf", "CA_AS_LEAF", self.leaf(|params| params.is_ca = ca_params("x", None).is_ca)),
            case("keyCertSign", "CA_AS_LEAF", self.leaf(|params| params.key_usages.push(Ku::KeyCertSign))),
            case("cRLSign", "CA_AS_LEAF", self.leaf(|params| params.key_usages.push(Ku::CrlSign))),
            case("no key usage", "KEY_USAGE", self.leaf(|params| params.key_usages.clear())),
            case(
                "only keyEncipherment",
                "KEY_USAGE",
                self.leaf(|params| params.key_usages = vec![Ku::KeyEncipherment]),
            ),
            case(
                "no extended key usage",
                "NO_CLIENT_AUTH",
                self.leaf(|params| params.extended_key_usages.clear()),
            ),
            case("only serverAuth", "NO_CLIENT_AUTH", self.usage(vec![Eku::ServerAuth])),
            case("any extended key usage", "NO_CLIENT_AUTH", self.usage(vec![Eku::Any])),
            case(
                "code signing and e-mail",
                "NO_CLIENT_AUTH",
                self.usage(vec![Eku::CodeSigning, Eku::EmailProtection]),
            ),
            case(
                "unknown critical extension",
                "BAD_CHAIN",
                self.leaf(|params| {
                    params.custom_extensions.push(critical());
                }),
            ),
        ]
    }

    /// Which names a leaf has.
    fn names(&self) -> Vec<Case> {
        let me = || uri(&format!("spiffe://{DOMAIN}/mvno/x1"));
        let dns = || SanType::DnsName("x1.mvno.test".try_into().expect("ASCII"));
        let mail = || SanType::Rfc822Name("x1@mvno.test".try_into().expect("ASCII"));
        let ip = || SanType::IpAddress([127, 0, 0, 1].into());
        let other = uri(&format!("spiffe://{DOMAIN}/mvno/x2"));
        let mut cases: Vec<Case> = [
            ("no name", vec![]),
            ("two URIs", vec![me(), other]),
            ("the same URI twice", vec![me(), me()]),
            ("URI and DNS", vec![me(), dns()]),
            ("URI and e-mail", vec![mail(), me()]),
            ("DNS only", vec![dns()]),
            ("e-mail only", vec![mail()]),
            ("address only", vec![ip()]),
        ]
        .into_iter()
        .map(|(name, names)| case(name, "BAD_SAN", self.mvno.leaf(&named(names))))
        .collect();
        let long = format!("spiffe://{DOMAIN}/mvno/{}", "a".repeat(2048));
        for (name, text) in [
            ("other trust domain", "spiffe://other.test/mvno/x1"),
            ("trust domain in capitals", "spiffe://GW.TEST/mvno/x1"),
            ("trust domain as a prefix", "spiffe://gw.test.evil/mvno/x1"),
            ("trust domain as a suffix", "spiffe://evil.gw.test/mvno/x1"),
            ("user in the URI", "spiffe://me@gw.test/mvno/x1"),
            ("port in the URI", "spiffe://gw.test:443/mvno/x1"),
            ("https URI", "https://gw.test/mvno/x1"),
            ("scheme in capitals", "SPIFFE://gw.test/mvno/x1"),
            ("empty path", "spiffe://gw.test"),
            ("only a slash", "spiffe://gw.test/"),
            ("no id", "spiffe://gw.test/mvno"),
            ("trailing slash", "spiffe://gw.test/mvno/x1/"),
            ("double slash", "spiffe://gw.test/mvno//x1"),
            ("dots", "spiffe://gw.test/mvno/../regulator/miit/a"),
            ("percent-encoded slash", "spiffe://gw.test/mvno%2fx1"),
            ("percent-encoded letter", "spiffe://gw.test/mvno/%781"),
            ("query", "spiffe://gw.test/mvno/x1?class=regulator"),
            ("fragment", "spiffe://gw.test/mvno/x1#regulator"),
            ("id in capitals", "spiffe://gw.test/mvno/X1"),
            ("class in capitals", "spiffe://gw.test/MVNO/x1"),
            ("space", "spiffe://gw.test/mvno/x1 "),
            ("too many segments", "spiffe://gw.test/mvno/x1/a/b"),
            ("class in the plural", "spiffe://gw.test/mvnos/x1"),
            ("unknown class", "spiffe://gw.test/king/x1"),
            ("over 2,048 bytes", long.as_str()),
        ] {
            cases.push(case(name, "BAD_IDENTITY", self.mvno.leaf(&named(vec![uri(text)]))));
        }
        for class in [Class::Regulator, Class::Police, Class::Operator] {
            let params = good(&format!("{class}/x1"));
            cases.push(case("person missing", "BAD_IDENTITY", self.trusted[&class].leaf(&params)));
        }
        let raw = |name, word, entries: &[(u8, &[u8])]| case(name, word, self.mvno.leaf(&named_raw(entries)));
        cases.push(raw("NUL in the URI", "BAD_IDENTITY", &[(6, b"spiffe://gw.test/mvno/x1\0")]));
        cases.push(raw("look-alike letter", "BAD_IDENTITY", &[(6, "spiffe://gw.test/mvno/х1".as_bytes())]));
        cases.push(raw("not UTF-8", "BAD_SAN", &[(6, b"spiffe://gw.test/mvno/\xff1")]));
        cases
    }

    /// What no tool would issue.
    fn bent(&self) -> Vec<Case> {
        let san = CustomExtension::from_oid_content(
            &[2, 5, 29, 17],
            der::names(&[(6, b"spiffe://gw.test/mvno/x2")]),
        );
        let garbage = |mut shown: Shown, bytes: &'static [u8]| {
            shown.chain[0] = bytes.into();
            shown
        };
        let touched = |mut shown: Shown, touch: fn(&mut Vec<u8>)| {
            let mut bytes = shown.chain[0].to_vec();
            touch(&mut bytes);
            shown.chain[0] = bytes.into();
            shown
        };
        let leaf = || self.mvno.leaf(&mvno());
        let rsa = self.mvno.bent(|fields| fields[6] = der::rsa_1024());
        vec![
            case(
                "version 1",
                "OLD_VERSION",
                self.mvno.bent(|fields| {
                    fields.retain(|field| field[0] != 0xa0 && field[0] != 0xa3);
                }),
            ),
            case("version 2", "OLD_VERSION", self.mvno.bent(|fields| fields[0] = der::tlv(0xa0, &[2, 1, 1]))),
            case("SHA-1 signature", "WEAK_SIGNATURE", self.mvno.bent(|fields| fields[2] = der::ecdsa_sha1())),
            case("RSA of 1,024 bits", "WEAK_KEY", rsa),
            case(
                "two SAN extensions",
                "BAD_ENCODING",
                self.leaf(|params| params.custom_extensions.push(san)),
            ),
            case("bytes after the certificate", "BAD_ENCODING", touched(leaf(), |bytes| bytes.push(0))),
            case("cut short", "BAD_ENCODING", touched(leaf(), |bytes| bytes.truncate(bytes.len() - 9))),
            case(
                "signature touched",
                "BAD_SIGNATURE",
                touched(leaf(), |bytes| {
                    let last = bytes.len() - 1;
                    bytes[last] ^= 1;
                }),
            ),
            case("no certificate at all in it", "BAD_ENCODING", garbage(leaf(), b"certificate")),
            case("an empty certificate", "BAD_ENCODING", garbage(leaf(), b"\x30\x00")),
        ]
    }

    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        self.mvno.leaf(&with(change))
    }

    fn usage(&self, usages: Vec<Eku>) -> Shown {
        self.leaf(|params| params.extended_key_usages = usages)
    }

    /// A CA with the MVNO anchor's name and a key of its own.
    fn namesake(&self) -> Ca {
        let key = KeyPair::generate().expect("key");
        let issuer = rcgen::Issuer::from_ca_cert_der(&self.mvno.der, key).expect("name");
        Ca { issuer, der: self.mvno.der.clone() }
    }
}

fn case(name: &'static str, word: &'static str, shown: Shown) -> Case {
    Case { name, word, shown }
}
