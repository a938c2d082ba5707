//! The curve P-256, for certificates and for key exchange. The TLS library's own brings a table of 150 KB, which
//! makes a handshake a fraction of a millisecond shorter, and the shared library a twelfth larger.

use p256::PublicKey;
use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use ring::digest::{Algorithm, SHA256, SHA384, digest};
use tokio_rustls::rustls::crypto::{ActiveKeyExchange, GetRandomFailed, SharedSecret, SupportedKxGroup};
use tokio_rustls::rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use tokio_rustls::rustls::{Error, NamedGroup, PeerMisbehaved};
use zeroize::Zeroizing;

pub static ECDSA_P256_SHA256: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { digest: &SHA256, identifier: alg_id::ECDSA_SHA256 };
pub static ECDSA_P256_SHA384: &dyn SignatureVerificationAlgorithm =
    &Ecdsa { digest: &SHA384, identifier: alg_id::ECDSA_SHA384 };
pub static SECP256R1: &dyn SupportedKxGroup = &Group;

const SCALAR_BYTES: usize = 32;
/// A point as TLS writes it: a byte 4, x and y.
const POINT_BYTES: usize = 1 + 2 * SCALAR_BYTES;
const UNCOMPRESSED: u8 = 4;

#[derive(Debug)]
struct Ecdsa {
    digest: &'static Algorithm,
    identifier: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from(point(key).ok_or(InvalidSignature)?);
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        let hash = digest(self.digest, message);
        key.verify_prehash(hash.as_ref(), &signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.identifier
    }
}

/// A point on the curve, other than the one at infinity. Compressed ones have no place in TLS 1.3 (RFC 8446, section
/// 4.2.8.2), and no public authority signs them.
fn point(bytes: &[u8]) -> Option<PublicKey> {
    if bytes.len() != POINT_BYTES || bytes.first() != Some(&UNCOMPRESSED) {
        return None;
    }
    PublicKey::from_sec1_bytes(bytes).ok()
}

#[derive(Debug)]
struct Group;

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let secret = secret()?;
        let public = secret.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(Exchange { secret, public }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

/// A random number from 1 to the order of the curve less one.
fn secret() -> Result<SecretKey, Error> {
    loop {
        let mut bytes = Zeroizing::new([0; SCALAR_BYTES]);
        getrandom::fill(bytes.as_mut()).map_err(|_| GetRandomFailed)?;
        // All but one in 2^32 are.
        if let Ok(secret) = SecretKey::from_slice(bytes.as_ref()) {
            return Ok(secret);
        }
    }
}

struct Exchange {
    secret: SecretKey,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = point(peer).ok_or(PeerMisbehaved::InvalidKeyShare)?;
        let shared = self.secret.diffie_hellman(&peer);
        Ok(SharedSecret::from(shared.raw_secret_bytes().as_slice()))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::secp256r1
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use tokio_rustls::rustls::crypto::ring::kx_group;

    use super::*;

    const MESSAGE: &[u8] = b"what was signed";

    fn signed() -> (Vec<u8>, Vec<u8>) {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
        let signature = pair.sign(&random, MESSAGE).unwrap();
        (pair.public_key().as_ref().to_vec(), signature.as_ref().to_vec())
    }

    /// What we say, after asking the TLS library's own implementation too.
    fn verdict(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let own = ECDSA_P256_SHA256.verify_signature(key, message, signature).is_ok();
        let other = webpki::ring::ECDSA_P256_SHA256.verify_signature(key, message, signature).is_ok();
        assert_eq!(own, other, "key {key:02x?}, signature {signature:02x?}");
        own
    }

    /// r and s as numbers without leading zeros, in DER.
    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let number = |bytes: &[u8]| {
            let sign = bytes.first().is_some_and(|byte| *byte >= 0x80);
            let mut number = vec![2, u8::try_from(bytes.len()).unwrap() + u8::from(sign)];
            number.extend(sign.then_some(0));
            number.extend(bytes);
            number
        };
        let body = [number(r), number(s)].concat();
        [vec![0x30, u8::try_from(body.len()).unwrap()], body].concat()
    }

    #[test]
    fn a_signature_is_good_only_whole() {
        for _ in 0..4 {
            let (key, signature) = signed();
            assert!(verdict(&key, MESSAGE, &signature));
            assert!(!verdict(&key, b"something else", &signature));
            assert!(!verdict(&signed().0, MESSAGE, &signature));
        }
    }

    #[test]
    fn any_changed_byte_spoils_it() {
        let (key, signature) = signed();
        for at in 0..signature.len() {
            for change in [1, 0x80] {
                let mut wrong = signature.clone();
                wrong[at] ^= change;
                assert!(!verdict(&key, MESSAGE, &wrong), "{at}");
            }
        }
        for at in 0..key.len() {
            let mut wrong = key.clone();
            wrong[at] ^= 1;
            assert!(!verdict(&wrong, MESSAGE, &signature), "{at}");
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let (key, signature) = signed();
        // The order of the group.
        let order = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
            0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
        ];
        for (r, s) in [
            (&[0][..], &[0][..]),
            (&[0], &[1]),
            (&[1], &[0]),
            (&[1], &[1]),
            (&order, &[1]),
            (&[1], &order),
            (&order, &order),
            (&[0xff; 32], &[0xff; 32]),
            (&[1; 33], &[1; 33]),
            (&[], &[]),
        ] {
            assert!(!verdict(&key, MESSAGE, &der(r, s)));
        }
        let longer = [&signature[..], &[0]].concat();
        for wrong in [&[][..], &signature[..signature.len() - 1], &longer, &[0x30, 0x80, 0, 0], &[0xff; 72]] {
            assert!(!verdict(&key, MESSAGE, wrong));
        }
        let mut compressed = key[..=SCALAR_BYTES].to_vec();
        compressed[0] = 2 + (key[POINT_BYTES - 1] & 1);
        for wrong in [&[][..], &[0], &[4], &compressed, &key[..POINT_BYTES - 1], &[4; POINT_BYTES], &[0; POINT_BYTES]] {
            assert!(!verdict(wrong, MESSAGE, &signature));
        }
    }

    /// RFC 6979, section A.2.5: the same key, with both digests.
    #[test]
    fn published_signatures_are_good() {
        let bytes = |text: &str| -> Vec<u8> {
            text.as_bytes().chunks(2).map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
        };
        let x = bytes("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6");
        let y = bytes("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299");
        let key = [vec![UNCOMPRESSED], x, y].concat();
        let sha256 = der(
            &bytes("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"),
            &bytes("F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        );
        let sha384 = der(
            &bytes("0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF7719"),
            &bytes("4861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954"),
        );
        assert!(ECDSA_P256_SHA256.verify_signature(&key, b"sample", &sha256).is_ok());
        assert!(ECDSA_P256_SHA384.verify_signature(&key, b"sample", &sha384).is_ok());
        assert!(ECDSA_P256_SHA384.verify_signature(&key, b"sample", &sha256).is_err());
        assert!(ECDSA_P256_SHA256.verify_signature(&key, b"test", &sha256).is_err());
    }

    #[test]
    fn both_sides_of_an_exchange_get_the_same_secret() {
        for _ in 0..4 {
            let (own, other) = (SECP256R1.start().unwrap(), kx_group::SECP256R1.start().unwrap());
            assert_eq!(own.group(), other.group());
            let (own_key, other_key) = (own.pub_key().to_vec(), other.pub_key().to_vec());
            let (own, other) = (own.complete(&other_key).unwrap(), other.complete(&own_key).unwrap());
            assert_eq!(own.secret_bytes(), other.secret_bytes());
        }
    }

    #[test]
    fn a_key_that_is_no_point_ends_the_exchange() {
        let key = SECP256R1.start().unwrap().pub_key().to_vec();
        assert_eq!(key.len(), POINT_BYTES);
        let mut off = key.clone();
        off[POINT_BYTES - 1] ^= 1;
        let longer = [&key[..], &[0]].concat();
        for wrong in [&[][..], &[0], &key[1..], &off, &longer, &[0; POINT_BYTES]] {
            let error = SECP256R1.start().unwrap().complete(wrong).err();
            assert_eq!(error, Some(Error::PeerMisbehaved(PeerMisbehaved::InvalidKeyShare)));
        }
    }
}
