// Package seal keeps identities: encrypted at rest, found by keyed hash,
// provable by commitment, erasable by key.
//
// Each subject (a patient, or a reading that belongs to none) has a data key of
// its own, wrapped by the node's key and kept beside the journal, never in it.
// A sealed part is AES-256-GCM over a random salt and the fields. The journal's
// leaf holds SHA-256 of salt and fields: a commitment that tells nothing by
// itself. The look-up hash is HMAC-SHA256 under a key of the trust, which has
// versions and is not the node's key.
package seal
