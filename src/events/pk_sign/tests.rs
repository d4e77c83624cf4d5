use super::super::tests::{malformed, parse};
use super::*;
use crate::events::Event;

const DATA: &str = "o07uYdbRMC/6Y89859ov2f0FxLK23FCvuMvuFl1sNN4=";

fn sign(line: &str) -> PkSign {
    match parse(line) {
        Event::PkSign(sign) => sign,
        other => panic!("{other:?}"),
    }
}

fn algorithm(algorithm: &str) -> (SignAlgorithm, bool) {
    let request = sign(&format!("PK_SIGN:{DATA},{algorithm}"));
    assert_eq!(request.data.len(), 32);
    (request.algorithm.unwrap(), request.is_message)
}

#[test]
fn client_version_1_and_2_name_no_algorithm() {
    for (name, command) in [("RSA_SIGN", SignCommand::RsaSig), ("PK_SIGN", SignCommand::PkSig)] {
        let request = sign(&format!("{name}:{DATA}"));
        assert_eq!((request.command, request.algorithm), (command, None));
        assert_eq!((request.data.len(), request.base64), (32, Text::from(DATA.to_owned())));
        assert_eq!(request.data.first(), Some(&0xa3));
    }
}

#[test]
fn algorithms() {
    let sha256 = || Text::from("SHA256");
    let known = [
        ("RSA_PKCS1_PADDING", SignAlgorithm::RsaPkcs1Padding { hash: None }),
        ("RSA_NO_PADDING", SignAlgorithm::RsaNoPadding),
        (
            "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest",
            SignAlgorithm::RsaPkcs1PssPadding { hash: sha256(), salt_length: SaltLength::Digest },
        ),
        (
            "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=max",
            SignAlgorithm::RsaPkcs1PssPadding { hash: sha256(), salt_length: SaltLength::Max },
        ),
        (
            "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=auto",
            SignAlgorithm::RsaPkcs1PssPadding { hash: sha256(), salt_length: SaltLength::Auto },
        ),
        (
            "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=32",
            SignAlgorithm::RsaPkcs1PssPadding {
                hash: sha256(),
                salt_length: SaltLength::Bytes(32),
            },
        ),
        ("ECDSA", SignAlgorithm::Ecdsa { hash: None }),
        ("ED25519", SignAlgorithm::Ed25519),
        ("ED448", SignAlgorithm::Ed448),
    ];
    for (text, expected) in known {
        let (read, is_message) = algorithm(text);
        assert_eq!((&read, is_message), (&expected, false));
        assert_eq!(read.to_string(), text);
    }
}

#[test]
fn a_whole_message_names_its_hash() {
    let hash = Some(Text::from("SHA384"));
    assert_eq!(
        algorithm("ECDSA,hashalg=SHA384,data=message"),
        (SignAlgorithm::Ecdsa { hash: hash.clone() }, true)
    );
    assert_eq!(
        algorithm("RSA_PKCS1_PADDING,hashalg=SHA384,data=message"),
        (SignAlgorithm::RsaPkcs1Padding { hash }, true)
    );
    assert_eq!(algorithm("ED25519,data=message"), (SignAlgorithm::Ed25519, true));
}

#[test]
fn what_is_not_understood_whole_is_kept_whole() {
    for text in [
        "",
        "ML_DSA_65",
        "RSA_PKCS1_PSS_PADDING",
        "RSA_PKCS1_PSS_PADDING,hashalg=SHA256",
        "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=d",
        "RSA_PKCS1_PSS_PADDING,hashalg=,saltlen=max",
        "RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=max,mgf=SHA1",
        "RSA_NO_PADDING,hashalg=SHA256",
        "ECDSA,hashalg=SHA256,hashalg=SHA1",
        "ECDSA,data=message,data=message",
        "RSA_PKCS1",
    ] {
        assert_eq!(algorithm(text).0, SignAlgorithm::Other(Text::from(text.to_owned())));
    }
}

#[test]
fn data_that_is_not_base64_is_malformed() {
    for body in ["", ",ECDSA", "o07u=", "o07", "not base64", "*"] {
        malformed(&format!("PK_SIGN:{body}"));
        malformed(&format!("RSA_SIGN:{body}"));
    }
    malformed(&format!("RSA_SIGN:{DATA},ECDSA"));
}

#[test]
fn a_parameter_that_comes_twice_is_not_known() {
    for twice in ["saltlen=max,saltlen=digest", "hashalg=SHA256"] {
        let text = format!("RSA_PKCS1_PSS_PADDING,hashalg=SHA256,{twice}");
        assert_eq!(algorithm(&text).0, SignAlgorithm::Other(text.into()));
    }
}
