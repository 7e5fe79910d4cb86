import { FieldError } from "./field-error.ts";
import { readList, readObject, readString, refuseRepeated } from "./read-field.ts";
import type { Requirement, Selector } from "./selector.ts";

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const MAX_PREFIX_LENGTH = 253;

/**
 * Reads a metav1.LabelSelector; one without requirements matches everything.
 *
 * @param field where the selector stands, such as `spec.nodeSelectors[0]`
 * @throws {FieldError} when a key, operator or value is not one that Kubernetes allows
 */
export function parseSelector(raw: unknown, field: string): Selector {
  const { matchLabels, matchExpressions } = readObject(raw, field);
  const labels = readObject(matchLabels, `${field}.matchLabels`);
  const expressions = readList(matchExpressions, `${field}.matchExpressions`);
  return {
    requirements: [
      ...Object.entries(labels).map(([key, value]) => labelRequirement(key, value, field)),
      ...expressions.map((expression, index) =>
        parseExpression(expression, `${field}.matchExpressions[${index}]`),
      ),
    ],
  };
}

/**
 * Reads a list of selectors, any of which may match.
 *
 * @throws {FieldError} when one cannot be used, or says the same as another
 */
export function parseSelectors(raw: unknown, field: string): readonly Selector[] {
  const selectors = readList(raw, field).map((entry, index) =>
    parseSelector(entry, `${field}[${index}]`),
  );
  refuseRepeated(selectors.map(selectorText), field);
  return selectors;
}

/** Two selectors have the same text exactly when they ask for the same, whatever the order in which they say it. */
export function selectorText(selector: Selector): string {
  return selector.requirements.map(requirementText).sort().join(",");
}

function requirementText(requirement: Requirement): string {
  const values = "values" in requirement ? [...new Set(requirement.values)].sort().join("|") : "";
  return `${requirement.key} ${requirement.operator} ${values}`;
}

function labelRequirement(key: string, value: unknown, field: string): Requirement {
  checkKey(key, `${field}.matchLabels`);
  return { key, operator: "In", values: [labelValue(value, `${field}.matchLabels.${key}`)] };
}

function parseExpression(raw: unknown, field: string): Requirement {
  const { key: rawKey, operator: rawOperator, values: rawValues } = readObject(raw, field);
  const key = readString(rawKey, `${field}.key`);
  checkKey(key, `${field}.key`);
  const operator = readString(rawOperator, `${field}.operator`);
  const values = readList(rawValues, `${field}.values`).map((value, index) =>
    labelValue(value, `${field}.values[${index}]`),
  );
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) {
        throw new FieldError(
          `${field}.values`,
          `${operator} needs at least one value: add one, or use Exists or DoesNotExist`,
        );
      }
      return { key, operator, values };
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        throw new FieldError(
          `${field}.values`,
          `${operator} takes no values: remove them, or use In or NotIn`,
        );
      }
      return { key, operator };
    default:
      throw new FieldError(
        `${field}.operator`,
        `"${operator}" is not an operator: write In, NotIn, Exists or DoesNotExist`,
      );
  }
}

/** The syntax of Kubernetes label keys: an optional DNS prefix and a slash, then a name. */
function checkKey(key: string, field: string): void {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const isPrefixGood =
    prefix === undefined || (prefix.length <= MAX_PREFIX_LENGTH && PREFIX.test(prefix));
  if (!(isPrefixGood && NAME.test(key.slice(slash + 1)))) {
    throw new FieldError(
      field,
      `"${key}" is not a label key: write letters, digits, "-", "_" and ".", at most 63, perhaps after a DNS name and "/"`,
    );
  }
}

function labelValue(raw: unknown, field: string): string {
  const value = readString(raw, field);
  if (value !== "" && !NAME.test(value)) {
    throw new FieldError(
      field,
      `"${value}" is not a label value: write letters, digits, "-", "_" and ".", at most 63, a letter or digit at both ends`,
    );
  }
  return value;
}
