/**
 * Runs the work once after the current burst of calls. A list of a hundred objects arrives as a hundred events in one
 * turn of the event loop, and whoever reads the whole store needs to do so but once.
 */
export function coalesce(work: () => void): () => void {
  let waiting = false;
  return () => {
    if (!waiting) {
      waiting = true;
      setImmediate(() => {
        waiting = false;
        work();
      });
    }
  };
}
