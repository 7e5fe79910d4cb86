import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

/** What every Kubernetes object has. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** @throws {Error} when the text is not YAML, with the line */
export function parseDocuments(text: string): KubernetesObject[] {
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw error;
    }
    return document.toJS() as KubernetesObject;
  });
}

export function readDocuments(file: string): KubernetesObject[] {
  return parseDocuments(readFileSync(file, "utf8"));
}
