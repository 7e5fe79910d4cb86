import { formatIp, tryParseIp } from "#lib/address/ip.ts";
import { MalformedError } from "#lib/bytes/malformed-error.ts";

export interface CaptureRequest {
  /** Canonical text. */
  readonly ip: string;
  readonly seconds: number;
  readonly frames: number;
}

/** The most that may be asked for, and what is meant when nothing is said. */
const NUMBERS = {
  seconds: { most: 600, usual: 10 },
  frames: { most: 100_000, usual: 1000 },
} as const;

const NAMES = ["ip", ...Object.keys(NUMBERS)];

/** So much of what was given is said again. */
const MAX_SHOWN = 45;

/**
 * Reads the part of the URL behind the question mark.
 *
 * @throws {MalformedError} when a parameter is unknown, missing, given twice or out of bounds, with what to do
 */
export function parseCaptureRequest(query: string): CaptureRequest {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!NAMES.includes(name)) {
      const why = `there is none of this name: use ${NAMES.join(", ")}`;
      throw new MalformedError(`parameter "${shown(name)}"`, why);
    }
    if (parameters.getAll(name).length > 1) {
      throw new MalformedError(`parameter ${name}`, "it is given more than once: give it once");
    }
  }
  return {
    ip: ipFrom(parameters),
    seconds: numberFrom(parameters, "seconds"),
    frames: numberFrom(parameters, "frames"),
  };
}

function ipFrom(parameters: URLSearchParams): string {
  const text = parameters.get("ip");
  const ip = text === null ? undefined : tryParseIp(text);
  if (ip === undefined) {
    const why = text === null ? "it is missing" : `"${shown(text)}" is neither IPv4 nor IPv6`;
    throw new MalformedError("parameter ip", `${why}: give an address, as in ?ip=192.0.2.10`);
  }
  return formatIp(ip);
}

function numberFrom(parameters: URLSearchParams, name: keyof typeof NUMBERS): number {
  const { most, usual } = NUMBERS[name];
  const text = parameters.get(name);
  if (text === null) {
    return usual;
  }
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most) {
    const why = `"${shown(text)}" is no whole number from 1 to ${most}`;
    throw new MalformedError(`parameter ${name}`, `${why}: give one, or leave it out for ${usual}`);
  }
  return number;
}

function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
