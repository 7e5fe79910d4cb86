/**
 * A certificate for an endpoint whose clients do not verify it, as those of metrics rarely do: it encrypts, and proves
 * nothing. Written out here because the packages that make certificates bring 14 MiB of ASN.1 with them.
 */

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { KeyAndCertificate } from "./serving-certificate.ts";

/** Tags of DER (X.690 §8), those that a certificate needs. */
const Tag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** Object identifiers as DER has them: the two first numbers share a byte. */
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("550403", "hex");
const SUBJECT_ALTERNATIVE_NAME = Buffer.from("551d11", "hex");

const VERSION_3 = Buffer.of(2);
/** A certificate that has no end of its own ends here (RFC 5280 §4.1.2.5); this one goes with its process. */
const NO_END = Buffer.from("99991231235959Z");
/** Whatever the clocks say, it is valid already. */
const LONG_AGO = Buffer.from("700101000000Z");
const SERIAL_LENGTH = 16;

/** Makes a P-256 key and an X.509 certificate of it (RFC 5280 §4.1), signed by itself. */
export function selfSignedCertificate(name: string): KeyAndCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const commonName = Buffer.from(name);
  const algorithm = der(Tag.sequence, der(Tag.objectIdentifier, ECDSA_WITH_SHA256));
  const issuer = der(
    Tag.sequence,
    der(
      Tag.set,
      der(Tag.sequence, der(Tag.objectIdentifier, COMMON_NAME), der(Tag.utf8String, commonName)),
    ),
  );
  const alternativeNames = der(
    Tag.sequence,
    der(Tag.objectIdentifier, SUBJECT_ALTERNATIVE_NAME),
    der(Tag.octetString, der(Tag.sequence, der(Tag.dnsName, commonName))),
  );
  const toBeSigned = der(
    Tag.sequence,
    der(Tag.version, der(Tag.integer, VERSION_3)),
    der(Tag.integer, serialNumber()),
    algorithm,
    issuer,
    der(Tag.sequence, der(Tag.utcTime, LONG_AGO), der(Tag.generalizedTime, NO_END)),
    issuer,
    publicKey.export({ type: "spki", format: "der" }),
    der(Tag.extensions, der(Tag.sequence, alternativeNames)),
  );
  const certificate = der(
    Tag.sequence,
    toBeSigned,
    algorithm,
    der(Tag.bitString, Buffer.of(0), sign("sha256", toBeSigned, privateKey)),
  );
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: pem("CERTIFICATE", certificate),
  };
}

/** Positive, and without a leading zero byte that DER would forbid. */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_LENGTH);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** Tag, length, content; the length takes one byte below 128, else its own length before it (X.690 §8.1.3). */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  const short = length.subarray(1);
  const head =
    body.length < 0x80
      ? short
      : body.length < 0x100
        ? Buffer.of(0x81, ...short)
        : Buffer.of(0x82, ...length);
  return Buffer.concat([Buffer.of(tag), head, body]);
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
