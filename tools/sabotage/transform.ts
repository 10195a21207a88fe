// Applies a sabotage to the text of its file.
import type { Sabotage } from '../../test/sabotage/sabotage.ts'

export type Change = Pick<Sabotage, 'name' | 'file' | 'from' | 'to'>

/** Throws unless the text to replace occurs exactly once. */
export function transform(text: string, { name, file, from, to }: Change): string {
  const count = from === '' ? 0 : text.split(from).length - 1
  if (count !== 1) throw new Error(`sabotage "${name}": its text must occur once in ${file}, and occurs ${count} times:\n${from}`)
  // Not replace(): `$` has no meaning here.
  const [before = '', after = ''] = text.split(from)
  return `${before}${to}${after}`
}
