/** What each part of the bench is given. */
export interface BenchOptions {
  /** A folder that tools/bundle.ts has made. */
  readonly bundle: string;
  /** A folder for pictures. */
  readonly output: string;
  /** How many Services are created at once, where that is measured. */
  readonly serviceCounts: readonly number[];
  /** Told what goes on, a sentence at a time. */
  readonly progress: (sentence: string) => void;
}
