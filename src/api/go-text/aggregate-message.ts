// Several errors as one message, as upstream's lists of errors write themselves.

/** Each text once: the only one alone, more of them in brackets. */
export function aggregated(texts: Iterable<string>): string {
  const different = [...new Set(texts)]
  const [only = ''] = different
  return different.length === 1 ? only : `[${different.join(', ')}]`
}
