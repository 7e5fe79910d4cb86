/** etcd and kube-apiserver in a namespace of their own, and the relay that makes them reachable from outside. */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import path from "node:path";
import { API_SERVER_IP, API_SERVER_PORT, SERVICE_SUBNETS } from "./address-plan.ts";
import type { Host } from "./host.ts";
import { type Endpoint, writeKubeconfig } from "./kubeconfig.ts";
import { Process } from "./process.ts";
import type { KubernetesPrograms } from "./programs.ts";

const ETCD_URL = "http://127.0.0.1:2379";
const ETCD_PEER_URL = "http://127.0.0.1:2380";
const RELAY = path.join(import.meta.dirname, "relay/main.ts");
const READY_REQUEST_LIMIT_MS = 5000;
/** A name in the certificate that kube-apiserver makes for itself; 127.0.0.1 is not in it. */
const TLS_SERVER_NAME = "kubernetes.default.svc";

export interface ControlPlaneOptions {
  readonly host: Host;
  readonly programs: KubernetesPrograms;
  /** Where keys, data and logs go. */
  readonly directory: string;
  readonly dualStack: boolean;
}

export interface ControlPlane {
  readonly etcd: Process;
  readonly apiServer: Process;
  readonly relay: Process;
  /** An administrator's, for the namespace in which the lab was started. */
  readonly kubeconfig: string;
  /** An administrator's, for the hosts of the management network. */
  readonly hostKubeconfig: string;
  /** PEM: what the API server's certificate is verified with. */
  readonly ca: string;
}

/** Starts the three and waits until the API server is ready. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { host, directory } = options;
  const token = randomBytes(32).toString("hex");
  const files = writeKeys(directory, token);
  const logs = path.join(directory, "logs");
  let port = 0;
  const relay = new Process({
    name: "relay",
    command: process.execPath,
    args: [RELAY, host.namespace, API_SERVER_IP, String(API_SERVER_PORT)],
    logPath: path.join(logs, "relay.log"),
    isReady: ({ logs: [listening] }) => {
      ({ port } = (listening ?? { port }) as { port: number });
      return port !== 0;
    },
  });
  const etcd = new Process({
    name: "etcd",
    namespace: host.namespace,
    command: options.programs.etcd,
    args: etcdArguments(directory),
    logPath: path.join(logs, "etcd.log"),
  });
  const apiServer = new Process({
    name: "kube-apiserver",
    namespace: host.namespace,
    command: options.programs["kube-apiserver"],
    args: apiServerArguments(files, options.dualStack),
    logPath: path.join(logs, "kube-apiserver.log"),
    isReady: () => isReady({ port, token, ca: readFileSync(files.certificate) }),
  });
  await Promise.all([relay, etcd, apiServer].map((process) => process.start()));

  const ca = readFileSync(files.certificate, "utf8");
  const write = (name: string, endpoint: Endpoint) =>
    writeKubeconfig(path.join(directory, name), { ...endpoint, ca, token });
  return {
    etcd,
    apiServer,
    relay,
    ca,
    kubeconfig: write("kubeconfig", {
      server: `https://127.0.0.1:${port}`,
      tlsServerName: TLS_SERVER_NAME,
    }),
    hostKubeconfig: write("host.kubeconfig", {
      server: `https://${API_SERVER_IP}:${API_SERVER_PORT}`,
    }),
  };
}

interface KeyFiles {
  readonly tokens: string;
  readonly accountKey: string;
  readonly accountPublicKey: string;
  readonly certificateDirectory: string;
  /** Made by kube-apiserver at its first start: its certificate and the authority that signed it. */
  readonly certificate: string;
}

function writeKeys(directory: string, token: string): KeyFiles {
  const certificateDirectory = path.join(directory, "certificates");
  mkdirSync(certificateDirectory);
  const files = {
    tokens: path.join(directory, "tokens.csv"),
    accountKey: path.join(directory, "service-account.key"),
    accountPublicKey: path.join(directory, "service-account.pub"),
    certificateDirectory,
    certificate: path.join(certificateDirectory, "apiserver.crt"),
  };
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(files.tokens, `${token},lab-admin,lab-admin,"system:masters"\n`);
  writeFileSync(files.accountKey, privateKey.export({ type: "sec1", format: "pem" }));
  writeFileSync(files.accountPublicKey, publicKey.export({ type: "spki", format: "pem" }));
  return files;
}

function etcdArguments(directory: string): string[] {
  return [
    "--unsafe-no-fsync",
    `--data-dir=${path.join(directory, "etcd")}`,
    `--listen-client-urls=${ETCD_URL}`,
    `--advertise-client-urls=${ETCD_URL}`,
    `--listen-peer-urls=${ETCD_PEER_URL}`,
    `--initial-advertise-peer-urls=${ETCD_PEER_URL}`,
    `--initial-cluster=default=${ETCD_PEER_URL}`,
  ];
}

/** Nothing clears a taint or makes a default ServiceAccount here, so what would ask for them is off. */
function apiServerArguments(files: KeyFiles, dualStack: boolean): string[] {
  return [
    `--etcd-servers=${ETCD_URL}`,
    `--bind-address=${API_SERVER_IP}`,
    `--advertise-address=${API_SERVER_IP}`,
    `--secure-port=${API_SERVER_PORT}`,
    `--cert-dir=${files.certificateDirectory}`,
    `--service-cluster-ip-range=${SERVICE_SUBNETS.slice(0, dualStack ? 2 : 1).join(",")}`,
    "--authorization-mode=RBAC",
    `--token-auth-file=${files.tokens}`,
    `--service-account-key-file=${files.accountPublicKey}`,
    `--service-account-signing-key-file=${files.accountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
    "--allow-privileged=true",
  ];
}

interface ReadyRequest {
  readonly port: number;
  readonly token: string;
  readonly ca: Buffer;
}

function isReady({ port, token, ca }: ReadyRequest): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const ask = request(
      {
        host: "127.0.0.1",
        port,
        path: "/readyz",
        headers: { authorization: `Bearer ${token}` },
        ca,
        servername: TLS_SERVER_NAME,
        agent: false,
        timeout: READY_REQUEST_LIMIT_MS,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    ask.once("timeout", () => ask.destroy(new Error("/readyz does not answer")));
    ask.once("error", reject);
    ask.end();
  });
}
