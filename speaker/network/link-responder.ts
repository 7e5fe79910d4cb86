import type { Ip } from "#lib/address/ip.ts";
import { isLinkGone } from "#lib/linux/libc.ts";
import type { MulticastMemberships } from "#lib/linux/multicast-memberships.ts";
import type { Mac } from "#lib/wire/mac.ts";
import { solicitedNodeGroup } from "#lib/wire/ndp.ts";
import { ArpProtocol } from "./arp-protocol.ts";
import { type HeardAddress, macWords, newHeardAddress, Stance } from "./heard-address.ts";
import type { AnsweringLink } from "./link-rules.ts";
import { NdpProtocol } from "./ndp-protocol.ts";
import { Pace } from "./pace.ts";
import { RateLimit } from "./rate-limit.ts";
import { Responder, type ResponderContext } from "./responder.ts";

/** What the loop gives to all links. */
export interface LinkContext extends ResponderContext {
  /** Frames a second in announcements of one link; 0: as fast as it goes. */
  readonly announceRate: number;
  /** Answers a second; 0: without bound. */
  readonly answerRate: number;
  readonly answerRatePerClient: number;
  /** What this machine belongs to. */
  groups(): MulticastMemberships;
  isPromiscuous(link: string): boolean;
  watch(descriptor: number, onReadable: () => void): void;
  unwatch(descriptor: number): void;
  /** The link-local address of the link, when it can be used. */
  linkLocalOf(index: number): Ip | undefined;
  /** Sends a DAD probe for an IPv6 address, which is not this thread's to do. */
  probe(ip: string, link: AnsweringLink, nonce: Uint8Array): void;
}

/** One link that can answer: what it does about each address, in both protocols. */
export class LinkResponder {
  readonly #context: LinkContext;
  readonly #addresses = new Map<string, HeardAddress>();
  readonly #bounds: { readonly pace: Pace; readonly rateLimit: RateLimit };
  readonly #arpProtocol = new ArpProtocol();
  readonly #arp: Responder;
  readonly #ndpProtocol = new NdpProtocol();
  /** Only where there is an IPv6 address to hear of, and none once the link was found gone. */
  #ndp: Responder | undefined;
  #link: AnsweringLink;
  #isNdpFirst = false;

  /** @throws {LinuxError} when there is no packet socket to be had */
  constructor(context: LinkContext, link: AnsweringLink) {
    const { announceRate, answerRate, answerRatePerClient } = context;
    this.#context = context;
    this.#link = link;
    this.#bounds = {
      pace: new Pace(announceRate),
      rateLimit: new RateLimit({ perLink: answerRate, perClient: answerRatePerClient }),
    };
    this.#arp = this.#open(this.#arpProtocol);
  }

  get index(): number {
    return this.#link.index;
  }

  get name(): string {
    return this.#link.name;
  }

  get mac(): Mac {
    return this.#link.mac;
  }

  get hasCarrier(): boolean {
    return this.#link.carrier;
  }

  get addresses(): Iterable<HeardAddress> {
    return this.#addresses.values();
  }

  /** Frames that the kernel could not queue. */
  get drops(): number {
    return this.#arp.drops + (this.#ndp?.drops ?? 0);
  }

  /** Takes what netlink says of the link: with another MAC address, or after a lost carrier, everything is announced again. */
  update(link: AnsweringLink): void {
    const isElsewhere = link.mac !== this.#link.mac || (link.carrier && !this.#link.carrier);
    this.#link = link;
    this.#arp.setLink(link);
    this.#ndp?.setLink(link);
    if (isElsewhere) {
      this.#announceAll(() => true);
    }
  }

  /** Takes what netlink says of the addresses of the link. */
  addressesChanged(): void {
    const hadSource = this.#ndpProtocol.hasSource;
    this.#ndpProtocol.setSource(this.#context.linkLocalOf(this.index));
    this.#context.groups().rejoin(this.index);
    if (!hadSource && this.#ndpProtocol.hasSource) {
      this.#announceAll((address) => address.value.family === "IPv6");
    }
  }

  /**
   * Sets what the link does about an address, which is announced as soon as it is this node's own.
   *
   * @param stance undefined: the link has nothing to do with it
   * @param voice the MAC address to answer with, if it is another's
   */
  set(ip: string, stance: Stance | undefined, voice?: Mac): void {
    const before = this.#addresses.get(ip);
    if (stance === undefined || (before && isAnswerable(before.stance) !== isAnswerable(stance))) {
      this.#forget(before);
    }
    if (stance === undefined) {
      return;
    }
    const known = this.#addresses.get(ip);
    const address = known ?? newHeardAddress(ip, stance);
    address.voice = voice === undefined ? undefined : macWords(voice);
    if (known === undefined) {
      this.#hear(address);
    } else if (known.stance !== stance) {
      this.#change(known, stance);
    }
  }

  /** Asks the host with that MAC address alone for an address that it is believed to have. */
  askKernel(ip: string, mac: Mac): void {
    const address = this.#addresses.get(ip);
    if (address !== undefined && this.#link.carrier) {
      this.#responderOf(address)?.sendQuestion(address, mac);
    }
  }

  /** Announces the address once, and returns whether the link took it. */
  defend(ip: string): boolean {
    const address = this.#addresses.get(ip);
    return address !== undefined && this.#responderOf(address)?.announceOnce(address) === true;
  }

  /** Asks whether somebody has the address, and returns whether the question went out, as far as is known. */
  probe(ip: string): boolean {
    const address = this.#addresses.get(ip);
    if (address === undefined || address.stance === Stance.watch || !this.#link.carrier) {
      return false;
    }
    if (address.value.family === "IPv4") {
      return this.#arp.sendProbe(address);
    }
    this.#context.probe(ip, this.#link, this.#ndpProtocol.nonce);
    return true;
  }

  /** When `tick` has something to do at the earliest; undefined: never. */
  get nextDeadline(): number | undefined {
    const arp = this.#arp.nextDeadline;
    const ndp = this.#ndp?.nextDeadline;
    return arp === undefined || ndp === undefined ? (arp ?? ndp) : Math.min(arp, ndp);
  }

  /** The protocols take turns in going first, for they share a pace. */
  tick(now: number): void {
    this.#isNdpFirst = !this.#isNdpFirst;
    if (this.#isNdpFirst) {
      this.#ndp?.tick(now);
    }
    this.#arp.tick(now);
    if (!this.#isNdpFirst) {
      this.#ndp?.tick(now);
    }
  }

  close(): void {
    this.#close(this.#arp);
    if (this.#ndp !== undefined) {
      this.#close(this.#ndp);
    }
    this.#context.groups().leaveLink(this.index);
  }

  #hear(address: HeardAddress): void {
    this.#addresses.set(address.ip, address);
    if (address.value.family === "IPv6" && isAnswerable(address.stance)) {
      this.#context.groups().join(this.index, solicitedNodeGroup(address.value));
    }
    const responder = this.#responderOf(address);
    responder?.hear(address);
    if (address.stance === Stance.own) {
      responder?.announce(address);
    }
  }

  #forget(address: HeardAddress | undefined): void {
    if (address === undefined) {
      return;
    }
    this.#addresses.delete(address.ip);
    this.#responderOf(address)?.forget(address);
    if (address.value.family === "IPv6" && isAnswerable(address.stance)) {
      this.#context.groups().leave(this.index, solicitedNodeGroup(address.value));
    }
  }

  #change(address: HeardAddress, stance: Stance): void {
    const responder = this.#responderOf(address);
    address.stance = stance;
    if (stance === Stance.own) {
      responder?.announce(address);
    } else {
      responder?.withdraw(address);
    }
    if (stance !== Stance.tentative && stance !== Stance.own && stance !== Stance.voice) {
      address.wasAnswered = false;
    }
  }

  #announceAll(isMeant: (address: HeardAddress) => boolean): void {
    for (const address of this.#addresses.values()) {
      if (address.stance === Stance.own && isMeant(address)) {
        this.#responderOf(address)?.announce(address);
      }
    }
  }

  /** Undefined when the link is gone, of which netlink has not told yet. */
  #responderOf({ value }: HeardAddress): Responder | undefined {
    if (value.family === "IPv4") {
      return this.#arp;
    }
    this.#ndp ??= this.#openNdp();
    return this.#ndp;
  }

  #openNdp(): Responder | undefined {
    this.#ndpProtocol.setSource(this.#context.linkLocalOf(this.index));
    try {
      return this.#open(this.#ndpProtocol);
    } catch (error) {
      if (isLinkGone(error)) {
        return undefined;
      }
      throw error;
    }
  }

  #open(protocol: ArpProtocol | NdpProtocol): Responder {
    const { name } = this.#link;
    const isPromiscuous = this.#context.isPromiscuous(name);
    const opened = new Responder(this.#context, this.#bounds, protocol, this.#link, isPromiscuous);
    this.#context.watch(opened.descriptor, () => opened.read());
    return opened;
  }

  #close(responder: Responder): void {
    this.#context.unwatch(responder.descriptor);
    responder.close();
  }
}

/** Whether questions for the address are of interest, and not what comes from it alone: then its group is joined. */
function isAnswerable(stance: Stance): boolean {
  return stance !== Stance.peer;
}
