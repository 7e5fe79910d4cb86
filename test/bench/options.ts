/** What each part of the bench is given. */
export interface BenchOptions {
  /** A folder that tools/bundle.ts has made. */
  readonly bundle: string;
  /** Told what goes on, a sentence at a time. */
  readonly progress: (sentence: string) => void;
}
