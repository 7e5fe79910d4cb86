import { type Ip, tryParseIp } from "#lib/address/ip.ts";
import { ofLastService } from "./of-last-service.ts";

/** The addresses in the Service's status; what is none is left out. */
export const shownIps = ofLastService(({ ingress }): readonly Ip[] =>
  ingress.map(tryParseIp).filter((ip) => ip !== undefined),
);
