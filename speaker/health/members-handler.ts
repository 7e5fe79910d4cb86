/** Shows the members as this node sees them to who asks, as JSON. */

import type { RequestListener } from "node:http";
import { writeAnswer } from "#lib/http/answer.ts";
import type { MembersView } from "#speaker/network/messages.ts";

export interface MembersHandlerOptions {
  /** What the network thread says, or undefined when it does not. */
  readonly view: () => Promise<MembersView | undefined>;
  /** Why this node gives its addresses away, in a sentence; undefined: it does not. */
  readonly draining: () => string | undefined;
}

export function membersHandler({ draining, view }: MembersHandlerOptions): RequestListener {
  return (_request, response) => {
    void view().then((members) => {
      if (members === undefined) {
        const text = "The network thread does not answer within a second: the log may tell why";
        writeAnswer(response, { status: 503, text });
      } else {
        const because = draining();
        const shown = because === undefined ? members : { ...members, draining: because };
        writeAnswer(response, {
          status: 200,
          text: `${JSON.stringify(shown, undefined, 2)}\n`,
          headers: { "content-type": "application/json" },
        });
      }
    });
  };
}
