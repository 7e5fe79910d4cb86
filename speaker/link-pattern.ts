/** Regular expressions for names of links, in the syntax of RE2, which MetalLB's configuration is written in. */

export type LinkPattern =
  | { readonly kind: "pattern"; readonly pattern: RegExp }
  /** With a sentence why not. */
  | { readonly kind: "unreadable"; readonly why: string };

/** An escaped character, a whole bracket expression, or what begins a named group. */
const PIECE = /\\.|\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]|\(\?P</gs;

/** Within a bracket expression, what JavaScript writes otherwise. */
const BRACKET_PIECE = /\[:(\w+):\]|\\.|^(\[\^?)\]/gs;

/** https://github.com/google/re2/wiki/Syntax, "ASCII character classes", as far as names of links have them. */
const ASCII_CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  punct: "!-\\/:-@\\[-`\\{-~",
  upper: "A-Z",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
};

/** The characters that a Unicode-aware expression lets be escaped for no other reason than to be themselves. */
const SYNTAX_CHARACTER = /[$()*+./?[\\\]^{|}]/;

/**
 * Reads an expression, which is to be looked for anywhere in a name. What RE2 and JavaScript write differently is translated
 * where names of links may need it. The rest is refused, for JavaScript's Unicode mode takes no escape and no bracket that
 * it does not know: nothing is read as something else.
 */
export function readLinkPattern(text: string): LinkPattern {
  const [prefix = "", flags = ""] = /^\(\?([ims]+)\)/.exec(text) ?? [];
  const source = text.slice(prefix.length).replace(PIECE, translate);
  try {
    return { kind: "pattern", pattern: new RegExp(source, `u${flags}`) };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { kind: "unreadable", why: whyNot(text, error) };
    }
    throw error;
  }
}

/** Whether any of the expressions is found in the name. */
export function matchesLink(patterns: readonly RegExp[], name: string): boolean {
  return patterns.some((pattern) => pattern.test(name));
}

function translate(piece: string): string {
  if (piece === "(?P<") {
    return "(?<";
  }
  return piece.startsWith("[") ? translateBracket(piece) : translateEscape(piece);
}

function translateBracket(expression: string): string {
  return expression.replace(
    BRACKET_PIECE,
    (piece: string, ascii: string | undefined, opening: string | undefined) => {
      if (opening !== undefined) {
        return `${opening}\\]`;
      }
      if (ascii !== undefined) {
        return ASCII_CLASSES[ascii] ?? piece;
      }
      return piece === "\\-" ? piece : translateEscape(piece);
    },
  );
}

function translateEscape(piece: string): string {
  const character = piece.slice(1);
  if (character === "A") {
    return "^";
  }
  if (character === "z") {
    return "$";
  }
  const isPlain = /[!-/:-@[-`{-~]/.test(character) && !SYNTAX_CHARACTER.test(character);
  return isPlain ? character : piece;
}

/** @param error `Invalid regular expression: /(/u: Unterminated group` */
function whyNot(text: string, error: SyntaxError): string {
  const why = error.message.slice(error.message.lastIndexOf(": ") + 2).toLowerCase();
  return `"${text}" is no regular expression that can be read (${why}): write one such as ^veth.*`;
}
