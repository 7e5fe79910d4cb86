const OFFSET_BASIS = 0x81_1c_9d_c5;
const PRIME = 0x01_00_01_93;

/** FNV-1a of 32 bits over the text's code units; continued from `seed`, the hash of what came before. */
export function hashText(text: string, seed = OFFSET_BASIS): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  }
  return mix(hash);
}

/** The same of a number of 32 bits. */
export function hashNumber(value: number, seed: number): number {
  return mix(Math.imul(seed ^ value, PRIME));
}

/** Spreads every bit over all others, which FNV alone does not for short texts: MurmurHash3's finalizer. */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85_eb_ca_6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2_b2_ae_35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
