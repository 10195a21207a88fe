// Joins several errors to one message, as upstream's error lists print themselves.

/** Each text once: a single one plain, several in brackets. */
export function aggregated(texts: Iterable<string>): string {
  const different = [...new Set(texts)]
  const [only = ''] = different
  return different.length === 1 ? only : `[${different.join(', ')}]`
}
