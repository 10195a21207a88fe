// Quotes texts as Go's `%q`, which upstream's messages use.

const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
/** Go's printable characters: letters, marks, numbers, punctuation, symbols, and of the spaces only the common one. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
/** Go's escapes with a letter, and those of quote and backslash. */
export const goEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

export function goQuote(text: string): string {
  return plainText.test(text) ? `"${text}"` : `"${Array.from(text, shown).join('')}"`
}

/** `["a" "b"]`: a list with `%q`. */
export function goQuotedList(texts: readonly string[]): string {
  return `[${texts.map(goQuote).join(' ')}]`
}

function shown(character: string): string {
  const known = goEscapes[character]
  if (known !== undefined) return known
  if (printable.test(character)) return character
  const point = character.codePointAt(0) ?? 0
  const hex = point.toString(16)
  if (point < 0x20 || point === 0x7f) return `\\x${hex.padStart(2, '0')}`
  return point < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
