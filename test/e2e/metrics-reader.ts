import type { Lab } from "#test/lab/lab.ts";

const ROLE = "metrics-reader";
const ACCOUNT = "prometheus";

/** Reads the metrics of speakers as Prometheus does: by HTTPS, with the token of an account that may. */
export class MetricsReader {
  readonly #lab: Lab;
  readonly #token: string;

  private constructor(lab: Lab, token: string) {
    this.#lab = lab;
    this.#token = token;
  }

  static async create(lab: Lab): Promise<MetricsReader> {
    await lab.kubectl("create", "serviceaccount", ACCOUNT);
    const right = ["--verb=get", "--non-resource-url=/metrics"];
    await lab.kubectl("create", "clusterrole", ROLE, ...right);
    const subject = [`--clusterrole=${ROLE}`, `--serviceaccount=default:${ACCOUNT}`];
    await lab.kubectl("create", "clusterrolebinding", ROLE, ...subject);
    return new MetricsReader(lab, await lab.kubectl("create", "token", ACCOUNT));
  }

  /** The value of one series of the speaker on that node, as in `name{label="value"}`; undefined when it has none. */
  async value(node: string, series: string): Promise<number | undefined> {
    const text = await this.read(node);
    const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }

  /** All that the speaker on that node shows. @throws {CommandError} when it refuses */
  async read(node: string): Promise<string> {
    const header = `Authorization: Bearer ${this.#token}`;
    const options = ["--silent", "--show-error", "--fail", "--insecure", "--header", header];
    const url = "https://127.0.0.1:9120/metrics";
    return await this.#lab.node(node).exec("curl", [...options, url]);
  }
}
