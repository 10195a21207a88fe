// Texts that come from objects, for a terminal: whoever may write an object must not move the cursor of whoever looks at it (CVE-2021-25743).

const escaped = (char: string): string => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/** In one line: controls, line ends, and what turns the direction of a text are shown as escapes. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, escaped)

/** As `printable`, for what has lines of its own. */
export const printableLines = (text: string): string => text.replace(/[^\P{C}\n]/gu, escaped)
