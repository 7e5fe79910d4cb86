import { createPrivateKey, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { V1ServiceAccount } from "@kubernetes/client-node";
import type { KubeClient } from "#lib/kube/client.ts";
import type { Lab } from "#test/lab/lab.ts";

const ISSUER = "https://kubernetes.default.svc";

/** A ServiceAccount of the namespace default, whose token stands in a directory as the kubelet mounts it. */
export class ServiceAccount {
  readonly directory: string;
  readonly #lab: Lab;
  readonly #name: string;
  readonly #uid: string;

  constructor(lab: Lab, name: string, uid: string) {
    this.directory = join(lab.directory, `account-${name}`);
    this.#lab = lab;
    this.#name = name;
    this.#uid = uid;
  }

  static async create(lab: Lab, admin: KubeClient, name: string): Promise<ServiceAccount> {
    const { metadata } = await admin.post<V1ServiceAccount>(
      "/api/v1/namespaces/default/serviceaccounts",
      { metadata: { name } },
    );
    const account = new ServiceAccount(lab, name, metadata?.uid ?? "");
    mkdirSync(account.directory);
    const authority = lab.client.getCurrentCluster()?.caData ?? "";
    writeFileSync(join(account.directory, "ca.crt"), Buffer.from(authority, "base64"));
    return account;
  }

  /** The one that was mounted last. */
  get token(): string {
    return readFileSync(join(this.directory, "token"), "utf8");
  }

  /** Writes a token that ends so many seconds from now, signed with the cluster's key. */
  mountToken(seconds: number): void {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      aud: [ISSUER],
      sub: `system:serviceaccount:default:${this.#name}`,
      iat: now - 7200,
      nbf: now - 7200,
      exp: now + seconds,
      "kubernetes.io": {
        namespace: "default",
        serviceaccount: { name: this.#name, uid: this.#uid },
      },
    };
    const signed = `${base64url({ alg: "ES256", typ: "JWT" })}.${base64url(claims)}`;
    const key = createPrivateKey(readFileSync(join(this.#lab.directory, "service-account.key")));
    const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
    writeFileSync(join(this.directory, "token"), `${signed}.${signature.toString("base64url")}`);
  }
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
