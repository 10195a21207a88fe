// Who gets answers with line breaks: whoever asks for them, and the programs that show them to a person, as upstream has it.
import { emptyQuery, type Query } from '../request/query.ts'

const people = ['curl', 'Wget', 'Mozilla/5.0']

/** Go's own words for yes; anything else is a no. */
const yes = ['1', 't', 'T', 'TRUE', 'true', 'True']

export function wantsPretty(query: Query, agent: string | undefined): boolean {
  const asked = query === emptyQuery ? undefined : query.get('pretty')
  if (asked) return yes.includes(asked)
  return agent !== undefined && people.some(name => agent.startsWith(name))
}

/** What goes deeper stays on one line: the spaces before each line would multiply its size. */
const maxLevels = 64

/** JSON with line breaks. */
export const prettyText = (value: unknown): string => JSON.stringify(value, null, goesDeeper(value, maxLevels) ? 0 : 2)

function goesDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => goesDeeper(member, levels - 1))
}
