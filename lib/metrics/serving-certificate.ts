/** The key and the certificate of the endpoint, from files that something else renews. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { type Clock, systemClock } from "#lib/kube/clock.ts";
import type { Log } from "#lib/log/log.ts";

/** PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A kubelet takes about a minute to bring a renewed Secret to its mount; looking costs two small reads. */
const LOOK_EVERY_MS = 10_000;

/**
 * Reads tls.crt and tls.key, as a Secret of type kubernetes.io/tls is mounted.
 *
 * @throws {Error} when they cannot be read or do not fit each other
 */
export async function readCertificate(directory: string): Promise<KeyAndCertificate> {
  try {
    const [cert, key] = await Promise.all([
      readFile(join(directory, "tls.crt"), "utf8"),
      readFile(join(directory, "tls.key"), "utf8"),
    ]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (cause) {
    throw new Error(
      `Cannot use tls.crt and tls.key of ${directory} for metrics: mount a Secret of type kubernetes.io/tls there, or leave --metrics-cert-dir out`,
      { cause },
    );
  }
}

export interface FollowOptions {
  readonly directory: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** What is in force already. */
  readonly known: KeyAndCertificate;
  changed(renewed: KeyAndCertificate): void;
}

/** Hands over what the files hold whenever it changes; what cannot be used leaves the last one in force. */
export async function followCertificate(
  { directory, log, clock = systemClock, known, changed }: FollowOptions,
  signal: AbortSignal,
): Promise<void> {
  let inForce = known;
  let complained = false;
  for (;;) {
    await clock.delay(LOOK_EVERY_MS, signal);
    if (signal.aborted) {
      return;
    }
    try {
      const found = await readCertificate(directory);
      complained = false;
      if (found.cert !== inForce.cert || found.key !== inForce.key) {
        inForce = found;
        changed(found);
        log.info("certificate of metrics renewed", { directory });
      }
    } catch (error) {
      if (!complained) {
        complained = true;
        const { message, cause } = error as Error;
        log.warn("certificate of metrics not renewed: the last one stays in force", {
          error: `${message}: ${cause instanceof Error ? cause.message : String(cause)}`,
        });
      }
    }
  }
}
