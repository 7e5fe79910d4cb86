import type { Released } from "./released-addresses.ts";
import type { SetAside } from "./set-aside.ts";

/** What outlives the controller that learnt it. */
export interface Remembered {
  /** The first released first. */
  readonly released: Iterable<Released>;
  readonly setAside: Iterable<SetAside>;
}
