/** The Pod stand-ins behind the nodes, and the backend that is on no node. */

import path from "node:path";
import { BACKEND_PORTS } from "./address-plan.ts";
import { Process } from "./process.ts";

const MAIN = path.join(import.meta.dirname, "backend/main.ts");

/** @param description what it calls itself in its answers */
export function backendProcess(namespace: string, description: string, directory: string): Process {
  const name = `backend ${description}`;
  return new Process({
    name,
    namespace,
    command: process.execPath,
    args: [MAIN, description, ...BACKEND_PORTS.map(String)],
    logPath: path.join(directory, "logs", `${name.replaceAll(" ", "-")}.log`),
    isReady: ({ logs }) => logs.length === BACKEND_PORTS.length,
  });
}
