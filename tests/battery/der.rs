//! Just enough DER to bend a certificate into what no tool would issue.

use rcgen::{KeyPair, SigningKey};
use rustls::pki_types::CertificateDer;

/// One tag, its length, its content.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u16::try_from(content.len()).expect("short") {
        short @ 0..128 => out.push(short as u8),
        short @ 128..256 => out.extend([0x81, short as u8]),
        long => {
            out.push(0x82);
            out.extend(long.to_be_bytes());
        }
    }
    out.extend(content);
    out
}

/// The content of the first element.
fn content(der: &[u8]) -> &[u8] {
    let (header, length) = size(der);
    &der[header..header + length]
}

/// The elements in a content, each with its tag and length.
fn children(mut content: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (header, length) = size(content);
        let (child, rest) = content.split_at(header + length);
        found.push(child.to_vec());
        content = rest;
    }
    found
}

fn size(der: &[u8]) -> (usize, usize) {
    match der[1] {
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
        short => (2, usize::from(short)),
    }
}

/// Lets `bend` change the fields of what is signed, and signs again with the issuer's key. The fields of a version
/// 3 certificate: version, serial, algorithm, issuer, validity, subject, key, extensions.
pub fn bent(
    der: &CertificateDer<'_>,
    issuer: &KeyPair,
    bend: impl FnOnce(&mut Vec<Vec<u8>>),
) -> CertificateDer<'static> {
    let mut fields = children(content(&children(content(der))[0]));
    bend(&mut fields);
    // The algorithm outside must be the one inside.
    let algorithm = fields.iter().find(|field| field.starts_with(&[0x30])).expect("an algorithm").clone();
    let signed = tlv(0x30, &fields.concat());
    let signature = issuer.sign(&signed).expect("signature");
    let signature = tlv(0x03, &[&[0], signature.as_slice()].concat());
    tlv(0x30, &[signed, algorithm, signature].concat()).into()
}

/// The extension value of subject alternative names, each a tag number and its text.
pub fn names(entries: &[(u8, &[u8])]) -> Vec<u8> {
    let entries: Vec<u8> = entries.iter().flat_map(|(tag, text)| tlv(0x80 | tag, text)).collect();
    tlv(0x30, &entries)
}

/// An RSA key of 1,024 bits that nobody holds.
pub fn rsa_1024() -> Vec<u8> {
    let modulus = [&[0, 0xc5][..], &[0x5b; 126], &[0x01]].concat();
    let key = tlv(0x30, &[tlv(0x02, &modulus), tlv(0x02, &[1, 0, 1])].concat());
    let rsa_encryption = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    tlv(0x30, &[tlv(0x30, &rsa_encryption), tlv(0x03, &[vec![0], key].concat())].concat())
}

/// ecdsa-with-SHA1.
pub fn ecdsa_sha1() -> Vec<u8> {
    tlv(0x30, &[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01])
}

/// A TLS 1.2 hello: no `supported_versions`, otherwise fit for the server.
pub fn hello_1_2() -> Vec<u8> {
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let schemes = [0, 13, 0, 4, 0, 2, 4, 3];
    let extensions = [groups, schemes].concat();
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0],
        &[0, 2, 0xc0, 0x2b],
        &[1, 0],
        &(extensions.len() as u16).to_be_bytes(),
        &extensions,
    ]
    .concat();
    let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[22, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
}
