/** What the audience sees: numbered steps, the commands a person would type, their real output, and how long each took. */

const isColored = process.stdout.isTTY === true;
const SHOWN_LINES = 12;

export class Stage {
  readonly #steps: number;
  #step = 0;
  #stepBegan = 0;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** Runs one step and ticks it off; a step that fails says so and goes on to fail the demo. */
  async step<T>(title: string, act: () => Promise<T>): Promise<T> {
    this.#step += 1;
    this.#stepBegan = performance.now();
    this.#print(bold(`\n[${this.#step}/${this.#steps}] ${title}`));
    try {
      const result = await act();
      this.#print(`  ${green("✓")} ${this.#seconds()} s`);
      return result;
    } catch (error) {
      this.#print(`  ${red("✗")} ${this.#seconds()} s`);
      throw error;
    }
  }

  /** A command as a person would type it. */
  command(text: string): void {
    this.#print(`  ${dim("$")} ${text}`);
  }

  /** What it printed, cut after a few lines. */
  output(text: string): void {
    const lines = text.trimEnd().split("\n");
    for (const line of lines.slice(0, SHOWN_LINES)) {
      this.#print(`    ${line}`);
    }
    if (lines.length > SHOWN_LINES) {
      this.#print(dim(`    … ${lines.length - SHOWN_LINES} more lines`));
    }
  }

  say(sentence: string): void {
    this.#print(`  ${sentence}`);
  }

  /** A sentence on what goes on in a step that takes its time. */
  progress(sentence: string): void {
    this.#print(dim(`    ${this.#seconds()} s  ${sentence}`));
  }

  #seconds(): string {
    return ((performance.now() - this.#stepBegan) / 1000).toFixed(1);
  }

  #print(line: string): void {
    process.stdout.write(`${line}\n`);
  }
}

function styled(code: number): (text: string) => string {
  return (text) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
}

const bold = styled(1);
const dim = styled(2);
const green = styled(32);
const red = styled(31);
