// Texts in quotes as Go prints them with `%q`: upstream's messages show values so.

const plainText = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
/** What Go calls printable: letters, marks, numbers, punctuation, symbols, and of the spaces only the common one. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
/** The escapes of Go that have a letter, and of what ends or begins them. */
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
