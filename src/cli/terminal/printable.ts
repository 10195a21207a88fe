// Escapes text from objects for a terminal: the writer of an object must not control the reader's terminal (CVE-2021-25743).
import { writeJson } from '../../base/write-json.ts'

/** As JSON escapes; a character outside of the first plane takes two escapes. */
const escaped = (char: string): string =>
  char
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')

/** For one line: control characters, line ends and changes of text direction are shown as escapes. */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped)

/** As `printable`, for text whose line ends are our own. Text of others in it was escaped before, or is on a separate line. */
export const printableLines = (text: string): string => text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, escaped)

/** For text of others with several lines: lines after the first are indented, so that none looks like our own output. */
export const printableParagraph = (text: string, indent: string): string => text.trimEnd().split('\n').map(printable).join(`\n${indent}`)

/** JSON for people and programs. JSON alone keeps some characters that control a terminal. */
export const printableJson = (value: unknown): string => printableLines(writeJson(value, null, 2))
