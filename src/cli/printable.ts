// Texts that come from objects, for a terminal: whoever may write an object must not move the cursor of whoever looks at it (CVE-2021-25743).

/** As JSON escapes it: what is no character of the first plane takes two escapes. */
const escaped = (char: string): string =>
  char
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** In one line: controls, line ends, and what turns the direction of a text are shown as escapes. */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped)

/** As `printable`, for a text whose lines are all our own: whatever others have written in it was made printable before, or is a line apart. */
export const printableLines = (text: string): string => text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped)

/** A text of others that may have several lines: those after the first are indented, so that none looks like a line of ours. */
export const printableParagraph = (text: string, indent: string): string => text.trimEnd().split('\n').map(printable).join(`\n${indent}`)

/** JSON for people and programs: JSON itself leaves in what a terminal obeys. */
export const printableJson = (value: unknown): string => printableLines(JSON.stringify(value, null, 2))
