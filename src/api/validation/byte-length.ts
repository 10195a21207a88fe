// Limits of texts as Go counts them: in bytes of UTF-8, even if a message says characters.

export function exceedsBytes(text: string, limit: number): boolean {
  // No UTF-16 unit takes more than three bytes, so most texts need no counting.
  return text.length > limit || (text.length * 3 > limit && Buffer.byteLength(text) > limit)
}
