import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROUTES =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

/** A folder that looks like / to whoever reads proc and sys. */
export class FakeRoot implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** With the sysctls that are for all links, as a kernel begins with them, and no route. */
  static async make(): Promise<FakeRoot> {
    const root = new FakeRoot(await mkdtemp(join(tmpdir(), "fake-root-")));
    await root.setLink("all");
    await root.setRoutes();
    return root;
  }

  async setLink(name: string, sysctls: Readonly<Record<string, number>> = {}): Promise<void> {
    const all = { arp_ignore: 0, arp_announce: 0, rp_filter: 0, ...sysctls };
    for (const [sysctl, value] of Object.entries(all)) {
      await this.write(join("proc/sys/net/ipv4/conf", name, sysctl), `${value}\n`);
    }
  }

  async removeLink(name: string): Promise<void> {
    await rm(join(this.path, "proc/sys/net/ipv4/conf", name), { recursive: true });
  }

  /** @param lines of /proc/net/route, without the headings */
  async setRoutes(...lines: readonly string[]): Promise<void> {
    await this.write("proc/net/route", `${[ROUTES, ...lines].join("\n")}\n`);
  }

  /** @param file without the slash at its beginning */
  async write(file: string, text: string): Promise<void> {
    const path = join(this.path, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}
