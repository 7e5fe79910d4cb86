/** What a refusal adds when addresses are set aside that the Service could have else; nothing when there are none. */
export function besides(setAside: number): string {
  if (setAside === 0) {
    return "";
  }
  return setAside === 1
    ? ", and one more is set aside, for another host uses it"
    : `, and ${setAside} more are set aside, for other hosts use them`;
}
