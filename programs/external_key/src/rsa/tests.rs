use std::sync::LazyLock;

use openvpn_mgmt::events::SaltLength;

use super::*;
use crate::unsignable::Unsignable;

static KEY: LazyLock<RsaPrivateKey> =
    LazyLock::new(|| RsaPrivateKey::new(&mut OsRng, 1024).unwrap());

fn signed(hash: Hash, salt: SaltLength) -> Result<Vec<u8>> {
    padded(&KEY, Padding::Pss(hash, salt), b"a message", true)
}

/// The most memory this process has had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[test]
fn a_salt_too_long_for_the_key_takes_no_memory() {
    let before = peak();
    for bytes in [95, 1_000, 2_000_000_000, u32::MAX] {
        let error = signed(Hash::Sha256, SaltLength::Bytes(bytes)).unwrap_err();
        let longer = Unsignable::Salt { bytes: u64::from(bytes), most: 94, hash: Hash::Sha256 };
        assert_eq!(error.downcast_ref(), Some(&longer), "{error:#}");
    }
    let more = peak().saturating_sub(before);
    assert!(more < 64 * 1024, "{more} KiB more than {before} KiB");
}

#[test]
fn salts_that_fit_are_signed_with() {
    let lengths = [0, 32, 94].map(SaltLength::Bytes);
    for salt in lengths.into_iter().chain([SaltLength::Digest, SaltLength::Max, SaltLength::Auto]) {
        assert_eq!(signed(Hash::Sha256, salt).unwrap().len(), KEY.size(), "{salt}");
    }
}

#[test]
fn a_hash_too_long_for_the_key_is_named() {
    let key = RsaPrivateKey::new(&mut OsRng, 512).unwrap();
    for salt in [SaltLength::Digest, SaltLength::Max, SaltLength::Bytes(0)] {
        let error = padded(&key, Padding::Pss(Hash::Sha512, salt), b"", true).unwrap_err();
        let key = Unsignable::Key { bits: 512, hash: Hash::Sha512 };
        assert_eq!(error.downcast_ref(), Some(&key), "{error:#}");
    }
}

#[test]
fn data_of_any_length_is_refused_where_it_does_not_fit() {
    let huge = vec![0x30; 1 << 20];
    let paddings =
        [Padding::None, Padding::Pkcs1(None), Padding::Pss(Hash::Sha256, SaltLength::Digest)];
    for padding in paddings {
        for data in [&[][..], &huge] {
            let signed = padded(&KEY, padding, data, false);
            // PKCS#1 pads whatever is short enough.
            let fits = data.is_empty() && matches!(padding, Padding::Pkcs1(_));
            assert_eq!(signed.is_ok(), fits, "{padding}, {} bytes", data.len());
        }
        let modulus = KEY.size();
        assert!(padded(&KEY, Padding::None, &vec![0xff; modulus], false).is_err());
        assert!(Padding::guessed(&huge, modulus).is_err());
    }
}

#[test]
fn odd_names_of_hashes_are_refused() {
    for name in ["", "sha256", "SHA-256", "MD5", "SHA256,x", "SHA3-256", "\u{1b}[2J"] {
        let error = Hash::named(name.as_bytes()).unwrap_err();
        assert_eq!(error, Unsignable::Hash(name.to_owned()));
    }
    assert!(Hash::named("A".repeat(1 << 20).as_bytes()).unwrap_err().to_string().len() < 200);
}
