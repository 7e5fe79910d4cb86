/**
 * What members know, in a message.
 *
 * ```
 * records
 *    n  names               see name-table.ts
 *    1  count of members
 *         of each: 1 name, by its place; 4 incarnation; 1 state in bits 0 and 1, draining in bit 2, impaired in bit 3
 *                  1 count of links, 0…64; 6 MAC address of each
 *                  1 count of subnets, 0…28; 5 or 17 of each, see subnet.ts
 *       until the end: claims
 *
 * offer
 *    n  names
 *       until the end: claims
 *         of each: 5 or 17 group, see group-address.ts; 4 epoch; 1 name of the owner, by its place, 0: nobody
 *
 * refusal
 *       until the end: groups
 * ```
 */

import type { ByteReader } from "#lib/bytes/byte-reader.ts";
import type { ByteWriter } from "#lib/bytes/byte-writer.ts";
import type { Claim } from "#lib/membership/claim.ts";
import type { MemberRecord, MemberState } from "#lib/membership/member-record.ts";
import type { Offer, Records, Refusal } from "#lib/membership/message.ts";
import { groupLength, readGroup, writeGroup } from "./group-address.ts";
import { MAC_LENGTH, macFromBytes, macToBytes } from "./mac.ts";
import { NameTable, readNames, readNode, readNodeOrNobody } from "./name-table.ts";
import { readSubnet, subnetLength, writeSubnet } from "./subnet.ts";

/** A node of more links than that, each with an address of its own, tells of some of them. */
export const MAX_MACS = 64;
/** The same for subnets. */
export const MAX_SUBNETS = 28;

const STATE_BITS = 0b11;
const DRAINING = 0b100;
const IMPAIRED = 0b1000;
const FLAGS = STATE_BITS | DRAINING | IMPAIRED;

const MAX_U32 = 0xffff_ffff;

/** Name, incarnation, state, and the two counts. */
const MEMBER_LENGTH = 8;
/** Epoch and owner. */
const CLAIM_LENGTH = 5;

/** Without its name, in bytes. */
export function memberLength({ info: { macs, subnets } }: MemberRecord): number {
  return subnets.reduce(
    (length, subnet) => length + subnetLength(subnet),
    MEMBER_LENGTH + macs.length * MAC_LENGTH,
  );
}

/** Without the name of its owner, in bytes. */
export function claimLength({ group }: Claim): number {
  return groupLength(group) + CLAIM_LENGTH;
}

/** @throws {RangeError} when a field has more than its place on the wire */
export function writeRecords(writer: ByteWriter, { members, claims }: Records): ByteWriter {
  const names = new NameTable();
  for (const { node } of members) {
    names.add(node);
  }
  addOwners(names, claims);
  names.write(writer);
  writer.u8(members.length);
  for (const member of members) {
    writeMember(writer, member, names);
  }
  return writeClaims(writer, claims, names);
}

/** @throws {MalformedError} when a field is cut short or breaks its rules */
export function readRecords(reader: ByteReader): Records {
  const names = readNames(reader);
  const count = reader.u8("count of members");
  const members = Array.from({ length: count }, () => readMember(reader, names));
  return { kind: "records", members, claims: readClaims(reader, names) };
}

/** @throws {RangeError} when a field has more than its place on the wire */
export function writeOffer(writer: ByteWriter, { claims }: Offer): ByteWriter {
  const names = new NameTable();
  addOwners(names, claims);
  names.write(writer);
  return writeClaims(writer, claims, names);
}

/** @throws {MalformedError} when a field is cut short or breaks its rules */
export function readOffer(reader: ByteReader): Offer {
  return { kind: "offer", claims: readClaims(reader, readNames(reader)) };
}

/** @throws {RangeError} when one of the groups is no address */
export function writeRefusal(writer: ByteWriter, { groups }: Refusal): ByteWriter {
  for (const group of groups) {
    writeGroup(writer, group);
  }
  return writer;
}

/** @throws {MalformedError} when a group is cut short, or no address */
export function readRefusal(reader: ByteReader): Refusal {
  return { kind: "refusal", groups: readAll(reader, () => readGroup(reader)) };
}

function writeMember(writer: ByteWriter, member: MemberRecord, names: NameTable): void {
  const { node, incarnation, state, info } = member;
  if (info.macs.length > MAX_MACS || info.subnets.length > MAX_SUBNETS) {
    throw new RangeError(
      `Cannot write the record of ${node} with ${info.macs.length} links and ${info.subnets.length} subnets`,
    );
  }
  writer
    .u8(names.placeOf(node))
    .u32(counter(incarnation, "incarnation"))
    .u8(state | (info.isDraining ? DRAINING : 0) | (info.isImpaired ? IMPAIRED : 0))
    .u8(info.macs.length);
  for (const mac of info.macs) {
    writer.bytes(macToBytes(mac));
  }
  writer.u8(info.subnets.length);
  for (const subnet of info.subnets) {
    writeSubnet(writer, subnet);
  }
}

function readMember(reader: ByteReader, names: readonly string[]): MemberRecord {
  const node = readNode(reader, names);
  const incarnation = readCounter(reader, "incarnation");
  const flags = reader.u8("member flags");
  if (flags > FLAGS) {
    throw reader.malformed(`member flags are ${flags}, over ${FLAGS}`);
  }
  const macs = readList(reader, "links", MAX_MACS, () =>
    macFromBytes(reader.bytes(MAC_LENGTH, "link address")),
  );
  const subnets = readList(reader, "subnets", MAX_SUBNETS, () => readSubnet(reader));
  return {
    node,
    incarnation,
    state: (flags & STATE_BITS) as MemberState,
    info: {
      macs,
      subnets,
      isDraining: (flags & DRAINING) !== 0,
      isImpaired: (flags & IMPAIRED) !== 0,
    },
  };
}

function addOwners(names: NameTable, claims: readonly Claim[]): void {
  for (const { owner } of claims) {
    names.add(owner);
  }
}

function writeClaims(writer: ByteWriter, claims: readonly Claim[], names: NameTable): ByteWriter {
  for (const { group, epoch, owner } of claims) {
    writeGroup(writer, group);
    writer.u32(counter(epoch, "epoch")).u8(names.placeOf(owner));
  }
  return writer;
}

function readClaims(reader: ByteReader, names: readonly string[]): readonly Claim[] {
  return readAll(reader, () => ({
    group: readGroup(reader),
    epoch: readCounter(reader, "epoch"),
    owner: readNodeOrNobody(reader, names),
  }));
}

function readAll<T>(reader: ByteReader, read: () => T): readonly T[] {
  const all: T[] = [];
  while (reader.remaining > 0) {
    all.push(read());
  }
  return all;
}

function readList<T>(reader: ByteReader, what: string, most: number, read: () => T): readonly T[] {
  const count = reader.u8(`count of ${what}`);
  if (count > most) {
    throw reader.malformed(`count of ${what} is ${count}, over ${most}`);
  }
  return Array.from({ length: count }, read);
}

/** @throws {RangeError} when it is not of 32 bits, or zero */
function counter(value: number, what: string): number {
  if (value < 1 || value > MAX_U32) {
    throw new RangeError(`Cannot write ${what} ${value}: it is not from 1 to ${MAX_U32}`);
  }
  return value;
}

function readCounter(reader: ByteReader, what: string): number {
  const value = reader.u32(what);
  if (value === 0) {
    throw reader.malformed(`${what} is 0`);
  }
  return value;
}
