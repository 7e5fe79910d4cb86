import { createPrivateKey, X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { selfSignedCertificate } from "./self-signed.ts";

test("makes a certificate of its own key, signed by that key", () => {
  const { cert, key } = selfSignedCertificate("herald");
  const certificate = new X509Certificate(cert);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
});

test("names the server as subject and as the name that clients compare", () => {
  const certificate = new X509Certificate(selfSignedCertificate("herald").cert);
  expect(certificate.subject).toBe("CN=herald");
  expect(certificate.subjectAltName).toBe("DNS:herald");
});

test("is valid whatever the clocks say", () => {
  const { validFromDate, validToDate } = new X509Certificate(selfSignedCertificate("herald").cert);
  expect(validFromDate.getUTCFullYear()).toBe(1970);
  expect(validToDate.getUTCFullYear()).toBe(9999);
});

test.each([1, 40, 64, 300])("encodes lengths of any size: a name of %i characters", (length) => {
  const name = "n".repeat(length);
  expect(new X509Certificate(selfSignedCertificate(name).cert).subject).toBe(`CN=${name}`);
});

test("no two have the same key or serial number", () => {
  const made = Array.from({ length: 8 }, () => selfSignedCertificate("herald"));
  const serials = made.map(({ cert }) => new X509Certificate(cert).serialNumber);
  expect(new Set(serials).size).toBe(8);
  expect(new Set(made.map(({ key }) => key)).size).toBe(8);
  for (const serial of serials) {
    expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  }
});
