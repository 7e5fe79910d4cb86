/** The kernel of this machine has no part that a fault is made with. */
export class MissingModuleError extends Error {
  override readonly name = "MissingModuleError";

  /** @param module with the option by which a kernel is built with it */
  constructor(module: string, cause?: unknown) {
    super(`this kernel has no ${module}`, { cause });
  }
}
